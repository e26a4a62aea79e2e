import { SlipwayError, stripControlCharacters } from "@slipway/core";
import type { Diagnostic, SlipwayErrorOptions } from "@slipway/core";

export type ConfigErrorCode =
  /** A file's content is wrong; `diagnostics` has every mistake. */
  | "CONFIG_INVALID"
  /** A single value, such as a duration from the command line, is wrong. */
  | "CONFIG_INVALID_VALUE"
  /** A file is there and cannot be read as UTF-8 text. */
  | "CONFIG_UNREADABLE"
  /** No file describes the cluster. */
  | "CONFIG_CLUSTER_NOT_FOUND";

export interface ConfigErrorOptions extends SlipwayErrorOptions {
  readonly diagnostics?: readonly Diagnostic[] | undefined;
}

export class ConfigError extends SlipwayError<ConfigErrorCode> {
  /** Every mistake that was found, sorted by place; empty unless the code is CONFIG_INVALID. */
  readonly diagnostics: readonly Diagnostic[];

  constructor(code: ConfigErrorCode, message: string, options: ConfigErrorOptions = {}) {
    super(code, message, options);
    this.diagnostics = options.diagnostics ?? [];
  }
}

/** One line for people: `slipway.yaml:3:5: packaging.inlcude: unknown key; did you mean include?` */
export function formatDiagnostic({ file, line, column, path, message, hint }: Diagnostic): string {
  const parts = [`${file}:${line}:${column}`, ...(path === "" ? [] : [path]), message];
  return stripControlCharacters(parts.join(": ") + (hint === undefined ? "" : `; ${hint}`));
}

/** The error for mistakes in files, in the order given. */
export function invalidConfig(diagnostics: readonly Diagnostic[]): ConfigError {
  const lines = diagnostics.map(formatDiagnostic).join("\n");
  const files = [...new Set(diagnostics.map(({ file }) => file))].join(", ");
  const message = diagnostics.length === 1 ? lines : `${diagnostics.length} mistakes in ${files}:\n${lines}`;
  return new ConfigError("CONFIG_INVALID", message, { diagnostics, details: { diagnostics } });
}
