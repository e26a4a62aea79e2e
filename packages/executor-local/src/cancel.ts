import { constants } from "node:os";
import path from "node:path";

import { isFinalState, nearest } from "@slipway/core";
import type { CancelOptions, JobHandle } from "@slipway/core";
import { elementCancelFile } from "@slipway/sbatch";

import { isErrno } from "./errno.ts";
import { LocalExecutorError } from "./error.ts";
import { observeJob } from "./observe.ts";
import type { Observation, Observer } from "./observe.ts";
import { partKey } from "./parts.ts";
import type { JudgedPart } from "./parts.ts";
import { writeAtomically } from "./write.ts";

export interface CancelContext extends Observer {
  /** Who asks, for the record. */
  readonly by: string;
  /** Between TERM and KILL, where no wrapper is left to wait that long. */
  readonly graceMs: number;
}

/** Asks for a job's end, or passes one signal on. A job that has ended stays as it is. */
export async function cancelJob(handle: JobHandle, context: CancelContext, options: CancelOptions = {}): Promise<void> {
  const signalName = options.signalName === undefined ? undefined : parseSignalName(options.signalName);
  options.signal?.throwIfAborted();
  const seen = await observeJob(handle, context);
  if (!seen || isFinalState(seen.status.state)) return;
  if (options.arrayIndices)
    return cancelElements(handle, seen, { ...context, signalName, indices: options.arrayIndices });
  const parts = [...seen.parts.values()];
  if (signalName !== undefined) return signalCommands([seen, ...parts], context, signalName);
  await markCancelled(path.join(handle.runDir, "cancel"), context);
  if (await endWrapper(seen, context)) return;
  await endParts([seen, ...parts], context);
}

interface ElementsContext extends CancelContext {
  readonly indices: readonly number[];
  readonly signalName: NodeJS.Signals | undefined;
}

/** The others go on; what has not begun will not. */
async function cancelElements({ id, runDir }: JobHandle, seen: Observation, context: ElementsContext): Promise<void> {
  const { indices, signalName } = context;
  const wanted = (seen.status.members ?? []).flatMap(({ arrayIndex, state }) =>
    arrayIndex !== undefined && indices.includes(arrayIndex) && !isFinalState(state) ? arrayIndex : [],
  );
  const parts = wanted.flatMap((index) => seen.parts.get(partKey({ index })) ?? []);
  if (signalName !== undefined) return signalCommands(parts, context, signalName);
  for (const index of wanted) await markCancelled(path.join(runDir, elementCancelFile(index, tryOf(id))), context);
  await endParts(parts, context);
}

/** `<experiment>.<job>.<try>` */
function tryOf(token: string): number {
  return Number(token.slice(token.lastIndexOf(".") + 1)) || 1;
}

async function endParts(parts: readonly JudgedPart[], context: CancelContext): Promise<void> {
  const orphans = await Promise.all(parts.map(async (part) => ((await endWrapper(part, context)) ? [] : [part])));
  await Promise.all(orphans.flat().map((part) => endOrphans(part, context)));
}

/** Tells a wrapper to end what it runs, and itself; false when it is gone. */
async function endWrapper({ evidence: { commit } }: JudgedPart, { processes }: CancelContext): Promise<boolean> {
  if (!commit || !(await processes.isAlive(commit))) return false;
  send(commit.pid, "SIGTERM");
  send(commit.pid, "SIGCONT");
  return true;
}

function parseSignalName(name: string): NodeJS.Signals {
  const full = name.startsWith("SIG") ? name : `SIG${name}`;
  if (isSignalName(full)) return full;
  const similar = nearest(full, Object.keys(constants.signals));
  throw new LocalExecutorError("EXECUTOR_UNKNOWN_SIGNAL", `There is no signal ${JSON.stringify(name)}`, {
    hint: similar === undefined ? "kill -l lists them" : `Did you mean ${similar.slice("SIG".length)}?`,
  });
}

function isSignalName(name: string): name is NodeJS.Signals {
  return Object.hasOwn(constants.signals, name);
}

async function signalCommands(
  parts: readonly JudgedPart[],
  { processes }: CancelContext,
  name: NodeJS.Signals,
): Promise<void> {
  for (const { evidence } of parts) {
    if (evidence.end) continue;
    if (evidence.group && (await processes.isGroupAlive(evidence.group))) send(-evidence.group.pid, name);
  }
}

/** Read by the wrapper, which then tells the job's end as cancelled. */
async function markCancelled(file: string, { by, clock }: CancelContext): Promise<void> {
  const text = `version=1\nby=${by}\nat=${clock.now().toISOString()}\nend=1\n`;
  await writeAtomically(file, text);
}

/** The wrapper is gone and the command is not: TERM, grace, KILL. */
async function endOrphans(
  { evidence: { group } }: JudgedPart,
  { processes, clock, graceMs }: CancelContext,
): Promise<void> {
  if (!group || !(await processes.isGroupAlive(group))) return;
  send(-group.pid, "SIGTERM");
  send(-group.pid, "SIGCONT");
  const end = clock.now().getTime() + graceMs;
  while (await processes.isGroupAlive(group)) {
    if (clock.now().getTime() > end) return send(-group.pid, "SIGKILL");
    await clock.sleep(50);
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!isErrno(error, "ESRCH")) throw error; // It has just ended.
  }
}
