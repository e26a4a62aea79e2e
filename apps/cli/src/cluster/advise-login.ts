import { isSlipwayError, SlipwayError } from "@slipway/core";

/** A refused login where nobody could be asked, with the command that asks. */
export function adviseLogin(
  error: unknown,
  { cluster, canAsk: wasAsked }: { readonly cluster: string; readonly canAsk: boolean },
): unknown {
  if (wasAsked || !isSlipwayError(error) || error.code !== "SSH_AUTH_FAILED") return error;
  if (!acceptedMethods(error.details).some((method) => answeredByPeople.has(method))) return error;
  return new SlipwayError(error.code, `${error.message.replace(/\.+$/, "")}. There is no terminal to ask for it`, {
    hint: `Log in once, on a terminal: slipway login ${cluster}. The commands after it ask nothing`,
    cause: error,
    details: error.details,
  });
}

function acceptedMethods(details: unknown): readonly unknown[] {
  if (typeof details !== "object" || details === null || !("accepted" in details)) return [];
  return Array.isArray(details.accepted) ? details.accepted : [];
}

/** Authentication methods of RFC 4252 and RFC 4256. */
const answeredByPeople: ReadonlySet<unknown> = new Set(["password", "keyboard-interactive"]);
