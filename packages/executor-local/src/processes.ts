import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";

import type { GroupRecord, ProcessIdentity } from "@slipway/sbatch";

import { isErrno } from "./errno.ts";

/** The processes of this machine, known by number, start time and boot. */
export interface Processes {
  boot(): Promise<string>;
  isAlive(identity: ProcessIdentity): Promise<boolean>;
  /** Whether the leader or another process of the group lives. */
  isGroupAlive(group: GroupRecord): Promise<boolean>;
}

export function openProcesses(env: Readonly<Record<string, string | undefined>>): Processes {
  const table = process.platform === "linux" ? linuxTable : portableTable({ ...env, LC_ALL: "C" });
  let boot: Promise<string> | undefined;
  const bootNow = () => (boot ??= table.boot()); // It does not change while this process lives.
  const isAlive = async (identity: ProcessIdentity) =>
    identity.boot === (await bootNow()) && (await table.startOf(identity.pid)) === identity.start;
  return {
    boot: bootNow,
    isAlive,
    async isGroupAlive(group) {
      if (group.boot !== (await bootNow())) return false;
      return (await isAlive(group)) || (await table.hasMembers(group));
    },
  };
}

interface ProcessTable {
  boot(): Promise<string>;
  /** Undefined when there is none. In the same form as the job's wrapper writes it. */
  startOf(pid: number): Promise<string | undefined>;
  /** Whether processes of this group, in its session, live although the leader does not. */
  hasMembers(group: GroupRecord): Promise<boolean>;
}

const linuxTable: ProcessTable = {
  async boot() {
    return (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
  },
  async startOf(pid) {
    return (await readStat(String(pid)))?.start;
  },
  async hasMembers({ pid, session }) {
    for (const name of await readdir("/proc")) {
      const stat = /^\d+$/.test(name) ? await readStat(name) : undefined;
      if (stat?.group === pid && (session === undefined || stat.session === session)) return true;
    }
    return false;
  },
};

interface ProcessStat {
  readonly group: number;
  readonly session: number;
  readonly start: string;
}

/** Source: proc(5), /proc/pid/stat. The name, field 2, may hold anything. A zombie has ended. */
async function readStat(pid: string): Promise<ProcessStat | undefined> {
  let text: string;
  try {
    text = await readFile(`/proc/${pid}/stat`, "latin1");
  } catch (error) {
    if (isErrno(error, "ENOENT", "ESRCH", "EACCES")) return undefined;
    throw error;
  }
  const fields = text.slice(text.lastIndexOf(") ") + 2).split(" ");
  const [state, , group, session] = fields;
  const start = fields[19];
  if (start === undefined || state === "Z" || state === "X") return undefined;
  return { group: Number(group), session: Number(session), start };
}

const execFileAsync = promisify(execFile);

/** `ps` of POSIX and sysctl(8), for macOS and the BSDs. */
function portableTable(env: Readonly<Record<string, string | undefined>>): ProcessTable {
  const run = async (command: string, ...args: readonly string[]) => {
    try {
      const { stdout } = await execFileAsync(command, [...args], { env: { ...env } });
      return stdout.trim().split(/\s+/).join(" ");
    } catch (error) {
      if (error instanceof Error && "code" in error && typeof error.code === "number") return ""; // There is none.
      throw error;
    }
  };
  return {
    async boot() {
      return (await run("sysctl", "-n", "kern.bootsessionuuid")) || (await run("sysctl", "-n", "kern.boottime"));
    },
    async startOf(pid) {
      return (await run("ps", "-o", "lstart=", "-p", String(pid))) || undefined;
    },
    async hasMembers({ pid }) {
      try {
        process.kill(-pid, 0);
        return true;
      } catch (error) {
        if (isErrno(error, "ESRCH", "EPERM")) return false;
        throw error;
      }
    },
  };
}
