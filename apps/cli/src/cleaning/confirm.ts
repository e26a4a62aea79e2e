import { Interrupted } from "../context.ts";
import type { Context } from "../context.ts";

export async function confirmRemoval({ stderr, signal }: Context): Promise<boolean> {
  const { confirm, isCancel } = await import("@clack/prompts");
  const answer = await confirm({ message: "Remove these?", initialValue: false, output: stderr, signal });
  signal.throwIfAborted();
  if (isCancel(answer)) throw new Interrupted("Interrupted");
  return answer;
}
