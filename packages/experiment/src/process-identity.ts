import { readFile } from "node:fs/promises";
import { hostname } from "node:os";

import { isErrno } from "./errno.ts";

/** This process, told from every other of any machine and time: plain JSON. */
export async function ownIdentity(): Promise<string> {
  const { pid } = process;
  const identity: ProcessIdentity = { pid, host: hostname(), boot: await bootNow(), start: await startOf(pid) };
  return `${JSON.stringify(identity)}\n`;
}

/** Whether the process lives. Of another machine nobody can tell: then it does while the text is whole. False for any other text. */
export async function isAlive(text: string): Promise<boolean> {
  const identity = parseIdentity(text);
  if (!identity) return false;
  if (identity.host !== hostname()) return true;
  if (identity.boot !== (await bootNow()) || identity.start !== (await startOf(identity.pid))) return false;
  try {
    process.kill(identity.pid, 0);
    return true;
  } catch (error) {
    return !isErrno(error, "ESRCH");
  }
}

interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** Empty where the system does not tell it by a file; then the number alone counts. */
  readonly boot: string;
  readonly start: string;
}

function parseIdentity(text: string): ProcessIdentity | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined; // Cut off by a crash.
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { pid, host, boot, start } = { pid: undefined, host: undefined, boot: undefined, start: undefined, ...value };
  if (typeof pid !== "number" || typeof host !== "string") return undefined;
  return typeof boot === "string" && typeof start === "string" ? { pid, host, boot, start } : undefined;
}

async function bootNow(): Promise<string> {
  return (await readIfThere("/proc/sys/kernel/random/boot_id")).trim();
}

/** Source: proc(5), /proc/pid/stat, field 22. The name, field 2, may hold anything. */
async function startOf(pid: number): Promise<string> {
  const text = await readIfThere(`/proc/${pid}/stat`);
  return text.slice(text.lastIndexOf(") ") + 2).split(" ")[19] ?? "";
}

async function readIfThere(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT", "ESRCH", "EACCES")) return "";
    throw error;
  }
}
