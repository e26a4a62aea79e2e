import type { SshQuestion } from "@slipway/ssh";

import { Interrupted } from "../context.ts";
import type { Context } from "../context.ts";

/** Puts ssh's questions to the person at the terminal; undefined where there is nobody to ask. */
export function askOnTerminal({
  stdin,
  stderr,
}: Context): ((question: SshQuestion, signal?: AbortSignal) => Promise<string>) | undefined {
  if (!stdin.isTTY || !stderr.isTTY) return undefined;
  return async ({ prompt, echo }, signal) => {
    const { isCancel, password, text } = await import("@clack/prompts");
    const options = { message: prompt, output: stderr, ...(signal && { signal }) };
    const answer = echo ? await text(options) : await password(options);
    signal?.throwIfAborted();
    if (isCancel(answer)) throw new Interrupted("Interrupted");
    return answer;
  };
}
