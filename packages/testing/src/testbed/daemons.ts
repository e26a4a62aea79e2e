import { spawn } from "node:child_process";
import { open, readFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { commandPath } from "./command.ts";
import { markOf } from "./end.ts";
import type { TestbedEvent } from "./event.ts";
import { findProcess, isRunning, signalProcess } from "./process.ts";
import type { ProcessIdentity } from "./process.ts";
import { writeRecord } from "./record.ts";
import type { RecordedProcess, TestbedRecord } from "./record.ts";

export interface Daemon {
  readonly name: string;
  /** Stays in the foreground. */
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Asked again and again, with the daemon's process, until it is true. */
  readonly isReady: (pid: number) => Promise<boolean>;
}

export interface Daemons {
  /** Resolves when the daemon is ready. */
  start(daemon: Daemon, signal?: AbortSignal): Promise<void>;
  /** Resolves when the daemon is gone. */
  stop(name: string): Promise<void>;
  signal(name: string, signalName: NodeJS.Signals): Promise<void>;
  find(name: string): RecordedProcess | undefined;
  /** As it is now. */
  record(): TestbedRecord;
}

/** A daemon could not have its port: another process took it in between. */
export class PortTakenError extends Error {
  override readonly name = "PortTakenError";
}

export interface DaemonsOptions {
  readonly logs: string;
  readonly onEvent?: ((event: TestbedEvent) => void) | undefined;
}

/** The processes of a testbed, each recorded before anything else is done with it. */
export function createDaemons(initial: TestbedRecord, { logs, onEvent }: DaemonsOptions): Daemons {
  let record = initial;
  let writing = Promise.resolve();
  const update = (processes: readonly RecordedProcess[]) => {
    record = { ...record, processes };
    const written = record;
    writing = writing.then(() => writeRecord(written));
    return writing;
  };
  const find = (name: string) => record.processes.find((recorded) => recorded.name === name);
  return {
    find,
    record: () => record,
    async start(daemon, signal) {
      signal?.throwIfAborted();
      const log = path.join(logs, `${daemon.name}.log`);
      const identity = await spawnDetached(daemon, log, markOf(record.directory));
      await update([
        ...record.processes.filter(({ name }) => name !== daemon.name),
        { name: daemon.name, ...identity },
      ]);
      await waitUntilReady(daemon, identity, log, signal);
      onEvent?.({ type: "testing.started", directory: record.directory, daemon: daemon.name });
    },
    async stop(name) {
      const recorded = find(name);
      if (recorded === undefined) return;
      await signalProcess(recorded, "SIGCONT");
      await signalProcess(recorded, "SIGTERM");
      const killAt = Date.now() + 10_000;
      while (await isRunning(recorded)) {
        if (Date.now() > killAt) await signalProcess(recorded, "SIGKILL");
        await sleep(10);
      }
      await update(record.processes.filter((other) => other !== recorded));
    },
    async signal(name, signalName) {
      const recorded = find(name);
      if (recorded !== undefined) await signalProcess(recorded, signalName);
    },
  };
}

/** In a session of its own: an interrupt at the terminal is for who started the testbed, who then stops it in order. */
async function spawnDetached(daemon: Daemon, log: string, mark: string): Promise<ProcessIdentity> {
  await using file = await open(log, "a");
  const [program = "", ...args] = daemon.argv;
  const [markName = "", markValue = ""] = mark.split("=");
  const env = { PATH: commandPath, LANG: "C.UTF-8", ...daemon.env, [markName]: markValue };
  const child = spawn(program, args, { cwd: "/", detached: true, stdio: ["ignore", file.fd, file.fd], env });
  child.unref();
  await new Promise((resolve, reject) => child.once("spawn", resolve).once("error", reject));
  const identity = child.pid === undefined ? undefined : await findProcess(child.pid);
  if (identity === undefined) throw await exitedError(daemon, log);
  return { pid: identity.pid, startTicks: identity.startTicks };
}

async function waitUntilReady(daemon: Daemon, identity: ProcessIdentity, log: string, signal?: AbortSignal) {
  const end = Date.now() + 60_000;
  while (!(await daemon.isReady(identity.pid))) {
    signal?.throwIfAborted();
    if (!(await isRunning(identity))) throw await exitedError(daemon, log);
    if (Date.now() > end) throw new Error(`${daemon.name} is not ready after a minute:\n${await endOf(log)}`);
    await sleep(20);
  }
}

async function exitedError({ name }: Daemon, log: string): Promise<Error> {
  const message = `${name} ended before it was ready:\n${await endOf(log)}`;
  return /address already in use/i.test(await readFile(log, "utf8")) ? new PortTakenError(message) : new Error(message);
}

async function endOf(log: string): Promise<string> {
  return (await readFile(log, "utf8")).split("\n").slice(-12).join("\n").trim();
}
