import { readFile, readdir, readlink, stat } from "node:fs/promises";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

/** A process that cannot be mistaken for a later one with its number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from boot to its start: field 22 of /proc/PID/stat, proc(5). */
  readonly startTicks: number;
}

interface RunningProcess extends ProcessIdentity {
  readonly parentPid: number;
}

/** Undefined when there is none, or when it has ended and only waits for its parent to notice. */
export async function findProcess(pid: number): Promise<RunningProcess | undefined> {
  const line = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The second field is the command's name in parentheses, and may hold anything.
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  if (line === "" || fields[0] === "Z" || fields[0] === "X") return undefined;
  return { pid, parentPid: Number(fields[1]), startTicks: Number(fields[19]) };
}

export async function isRunning({ pid, startTicks }: ProcessIdentity): Promise<boolean> {
  return (await findProcess(pid))?.startTicks === startTicks;
}

export async function signalProcess(identity: ProcessIdentity, signalName: NodeJS.Signals): Promise<void> {
  if (!(await isRunning(identity))) return;
  try {
    process.kill(identity.pid, signalName);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Whether it is this very process that listens on a TCP port (proc(5): the tables of sockets, and its open files). */
export async function listensOn(pid: number, port: number): Promise<boolean> {
  const tables = await Promise.all(
    ["tcp", "tcp6"].map((name) => readFile(`/proc/net/${name}`, "latin1").catch(() => "")),
  );
  const rows = tables.flatMap((table) => table.split("\n")).map((row) => row.trim().split(/\s+/));
  const hexPort = port.toString(16).toUpperCase().padStart(4, "0");
  const listening = rows.filter(([, local = "", , state]) => state === "0A" && local.endsWith(`:${hexPort}`));
  const sockets = new Set(listening.map((row) => `socket:[${row[9]}]`));
  if (sockets.size === 0) return false;
  const files = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const targets = await Promise.all(files.map((file) => readlink(`/proc/${pid}/fd/${file}`).catch(() => "")));
  return targets.some((target) => sockets.has(target));
}

export interface Family {
  readonly roots: readonly ProcessIdentity[];
  /** `NAME=value`: processes that were started with it in their environment belong to the family too, whatever their parent. */
  readonly mark?: string | undefined;
  /** So do all of this user's. */
  readonly uid?: number | undefined;
}

/** Kills processes with all that they started, and waits until they are gone. */
export async function killFamily(family: Family): Promise<void> {
  const end = Date.now() + 20_000;
  const known = new Map<number, ProcessIdentity>(family.roots.map((root) => [root.pid, root]));
  for (;;) {
    for (const member of await findFamily([...known.values()], family)) known.set(member.pid, member);
    const running: ProcessIdentity[] = [];
    for (const member of known.values()) if (await isRunning(member)) running.push(member);
    if (running.length === 0) return;
    if (Date.now() > end) throw new Error(`Processes that do not end: ${running.map(({ pid }) => pid).join(", ")}`);
    for (const member of running) await signalProcess(member, "SIGKILL");
    await sleep(10);
  }
}

async function findFamily(
  roots: readonly ProcessIdentity[],
  { mark, uid }: Pick<Family, "mark" | "uid">,
): Promise<ProcessIdentity[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const running = (await Promise.all(pids.map(findProcess))).filter((found) => found !== undefined);
  const isMember = new Set<number>();
  for (const { pid, startTicks } of running) {
    if (pid === process.pid) continue;
    const isRoot = roots.some((root) => root.pid === pid && root.startTicks === startTicks);
    const isMarked = mark !== undefined && (await hasMark(pid, mark));
    if (isRoot || isMarked || (uid !== undefined && (await ownerOf(pid)) === uid)) isMember.add(pid);
  }
  for (let size = -1; size !== isMember.size;) {
    size = isMember.size;
    for (const { pid, parentPid } of running) if (isMember.has(parentPid)) isMember.add(pid);
  }
  return running.filter(({ pid }) => isMember.has(pid));
}

/** Source: proc(5), "/proc/pid": its owner is the process's effective user. */
async function ownerOf(pid: number): Promise<number | undefined> {
  return (await stat(`/proc/${pid}`).catch(() => undefined))?.uid;
}

async function hasMark(pid: number, mark: string): Promise<boolean> {
  const environment = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
  return environment.split("\0").includes(mark);
}
