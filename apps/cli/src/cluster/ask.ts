import type { SshQuestion } from "@slipway/ssh";

import { Interrupted } from "../context.ts";
import type { Context } from "../context.ts";
import { askInTurn } from "../report/turns.ts";

/** Whether there is a person at a terminal. */
export function canAsk({ stdin, stderr }: Pick<Context, "stdin" | "stderr">): boolean {
  return stdin.isTTY && stderr.isTTY;
}

/** Puts ssh's questions to the person at the terminal; undefined where there is nobody to ask. */
export function askOnTerminal(
  context: Context,
): ((question: SshQuestion, signal?: AbortSignal) => Promise<string>) | undefined {
  const { stderr } = context;
  if (!canAsk(context)) return undefined;
  return ({ prompt, echo }, signal) =>
    askInTurn(stderr, async () => {
      signal?.throwIfAborted();
      const { isCancel, password, text } = await import("@clack/prompts");
      const options = { message: prompt, output: stderr, ...(signal && { signal }) };
      const answer = echo ? await text(options) : await password(options);
      signal?.throwIfAborted();
      if (isCancel(answer)) throw new Interrupted("Interrupted");
      return answer;
    });
}
