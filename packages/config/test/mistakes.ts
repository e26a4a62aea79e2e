import { ConfigError, formatDiagnostic } from "@slipway/config";

/** The lines of the CONFIG_INVALID that a call throws. */
export function mistakesOf(parse: () => unknown): readonly string[] {
  try {
    parse();
  } catch (error) {
    if (error instanceof ConfigError && error.code === "CONFIG_INVALID") return error.diagnostics.map(formatDiagnostic);
    throw error;
  }
  return [];
}
