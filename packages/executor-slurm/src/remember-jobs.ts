import type { JobHandle, JobPlan } from "@slipway/core";

import { nativeId } from "./native-id.ts";
import type { Memory } from "./remembered.ts";

/** Jobs that were just submitted wait, whatever squeue said before that; in the columns of `squeueCommand`. */
export async function rememberSubmitted(
  memory: Memory,
  plans: readonly JobPlan[],
  handles: readonly JobHandle[],
): Promise<void> {
  const { queue } = await memory.read();
  if (queue?.text === undefined) return;
  const lines = handles.map((handle, index) => {
    const id = nativeId(handle);
    const token = plans[index]?.token ?? "";
    return `${id}|${id}|PENDING|N/A|N/A|N/A|n/a|None|${token}|${token}\n`;
  });
  const listed = new Set(queue.text.split("\n").map((line) => line.split("|")[1]));
  const added = lines.filter((line) => !listed.has(line.split("|")[1]));
  await memory.update({ queue: { ...queue, text: `${queue.text.trimEnd()}\n${added.join("")}` } });
}

/** Slurm is asked again, however lately it was. */
export async function forgetQueue(memory: Memory): Promise<void> {
  const { queue } = await memory.read();
  if (queue) await memory.update({ queue: { ...queue, askedAtMs: 0 } });
}
