import { randomBytes } from "node:crypto";
import { access, constants, mkdtemp, realpath } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";

import { addressOf } from "./address.ts";
import { outputOf } from "./command.ts";
import { createDaemons, PortTakenError } from "./daemons.ts";
import type { Daemons } from "./daemons.ts";
import { endAbandoned, endTestbed } from "./end.ts";
import type { TestbedEvent } from "./event.ts";
import { writeTestbedFiles } from "./files.ts";
import { placesIn } from "./layout.ts";
import type { Layout } from "./layout.ts";
import { freePorts } from "./ports.ts";
import { findProcess } from "./process.ts";
import type { ProcessIdentity } from "./process.ts";
import { daemonsOf } from "./programs.ts";
import { readBootId, writeRecord } from "./record.ts";
import type { TestbedRecord } from "./record.ts";
import { testbedSupport } from "./support.ts";
import { createTestbed } from "./testbed.ts";
import type { Testbed } from "./testbed.ts";
import { createUser } from "./user.ts";
import type { TestbedUser } from "./user.ts";

export interface TestbedOptions {
  /** 4 when absent; `n1`, `n2`, … */
  readonly nodes?: number | undefined;
  /** 16 when absent: more than the machine may have. */
  readonly cpusPerNode?: number | undefined;
  /** slurmdbd with a MariaDB; true when absent. */
  readonly accounting?: boolean | undefined;
  /** Lower-case letters, digits, `_` and `-`; one of its own when absent. */
  readonly clusterName?: string | undefined;
  /** sshd asks for a code after the key: see `TestbedSsh.verificationCode`. */
  readonly twoFactor?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: TestbedEvent) => void) | undefined;
}

/**
 * A private Slurm cluster on this machine's loopback, ready for jobs: controller, nodes, accounting, and an sshd with an
 * unprivileged user. Everything is below one temporary folder and gone when it is disposed. Needs what `testbedSupport` says.
 */
export async function startTestbed(options: TestbedOptions = {}): Promise<Testbed> {
  return startTestbedFor({ owner: await ownIdentity() }, options);
}

export async function ownIdentity(): Promise<ProcessIdentity> {
  const own = await findProcess(process.pid);
  if (own === undefined) throw new Error("/proc does not show this process");
  return { pid: own.pid, startTicks: own.startTicks };
}

/** The process that a testbed belongs to: when that is gone, the next start removes what it left. */
export interface Belonging {
  readonly owner: ProcessIdentity;
  readonly share?: string;
}

export async function startTestbedFor(belonging: Belonging, options: TestbedOptions): Promise<Testbed> {
  const { signal, onEvent } = options;
  checkOptions(options);
  const support = await testbedSupport({ signal, onEvent });
  if (!support.available) throw new Error(`No testbed can be started here: ${support.why}`);
  await endAbandoned((directory) => onEvent?.({ type: "testing.removed_abandoned", directory }));
  for (let triesLeft = 3; ; triesLeft--) {
    try {
      return await startOnce(belonging, options);
    } catch (error) {
      if (!(error instanceof PortTakenError) || triesLeft === 1) throw error;
    }
  }
}

async function startOnce(belonging: Belonging, options: TestbedOptions): Promise<Testbed> {
  const { signal, onEvent } = options;
  signal?.throwIfAborted();
  const begin = Date.now();
  const directory = await realpath(await mkdtemp(path.join(tmpdir(), "slipway-testbed-")));
  const layout = await planLayout(directory, options);
  const record: TestbedRecord = {
    version: 1,
    directory,
    bootId: await readBootId(),
    ...belonging,
    userName: layout.userName,
    nodes: layout.nodes.map(({ name }) => name),
    processes: [],
  };
  await writeRecord(record);
  const daemons = createDaemons(record, { logs: placesIn(directory).logs, onEvent });
  try {
    await writeTestbedFiles(layout, signal);
    const user = await startAll(layout, daemons, signal);
    onEvent?.({ type: "testing.ready", directory, seconds: (Date.now() - begin) / 1000 });
    const testbed = createTestbed({ layout, daemons, user });
    if (belonging.share !== undefined) await writeRecord({ ...daemons.record(), address: addressOf(layout, user) });
    return testbed;
  } catch (error) {
    await endTestbed(daemons.record());
    throw error;
  }
}

async function startAll(layout: Layout, daemons: Daemons, signal?: AbortSignal): Promise<TestbedUser> {
  const programs = daemonsOf(layout);
  const at = placesIn(layout.directory);
  const [user] = await settled([
    createUser(layout.userName, at.home, signal),
    daemons.start(programs.sshd, signal),
    startSlurm(layout, daemons, signal),
  ]);
  return user;
}

async function startSlurm(layout: Layout, daemons: Daemons, signal?: AbortSignal): Promise<void> {
  const programs = daemonsOf(layout);
  const at = placesIn(layout.directory);
  await settled([
    daemons.start(programs.munged, signal),
    layout.accounting ? daemons.start(programs.mariadbd, signal) : undefined,
  ]);
  if (layout.accounting) {
    await daemons.start(programs.slurmdbd, signal);
    const env = { SLURM_CONF: at.slurmConf };
    await outputOf(["sacctmgr", "-i", "add", "cluster", layout.clusterName], { env, signal });
  }
  await daemons.start(programs.slurmctld, signal);
  await settled(layout.nodes.map((node) => daemons.start(programs.slurmd(node), signal)));
}

/** Like Promise.all, but when one fails waits for the others: what they start must be known before it is ended. */
async function settled<T extends readonly unknown[]>(promises: [...T]): Promise<{ [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

/** What slurmctld takes as ClusterName, and what is a file's name. */
const clusterNamePattern = /^[a-z0-9][a-z0-9_-]{0,39}$/;

function checkOptions({ clusterName = "main", cpusPerNode = 16, nodes = 4 }: TestbedOptions): void {
  if (!clusterNamePattern.test(clusterName)) throw new Error(`Not a cluster's name: ${JSON.stringify(clusterName)}`);
  const isCount = (value: number) => Number.isInteger(value) && value >= 1 && value <= 64;
  if (!isCount(nodes)) throw new RangeError(`A testbed has 1 to 64 nodes, not ${nodes}`);
  if (!isCount(cpusPerNode)) throw new RangeError(`A testbed's node has 1 to 64 CPUs, not ${cpusPerNode}`);
}

async function planLayout(directory: string, options: TestbedOptions): Promise<Layout> {
  const { accounting = true, cpusPerNode = 16, nodes = 4 } = options;
  const id = randomBytes(4).toString("hex");
  const ports = await freePorts(4 + nodes);
  const [slurmctld = 0, slurmdbd = 0, mariadb = 0, sshd = 0] = ports;
  return {
    directory,
    clusterName: options.clusterName ?? `slipway_${id}`,
    hostName: hostname().split(".")[0] ?? "localhost",
    nodes: ports.slice(4).map((port, index) => ({ name: `n${index + 1}`, port })),
    cpusPerNode,
    accounting,
    limitsMemory: await canLimitMemory(),
    twoFactor: options.twoFactor ?? false,
    userName: `slipway-${id}`,
    ports: { slurmctld, slurmdbd, mariadb, sshd },
    databasePassword: randomBytes(16).toString("hex"),
  };
}

async function canLimitMemory(): Promise<boolean> {
  return access("/sys/fs/cgroup/memory/cgroup.procs", constants.W_OK).then(
    () => true,
    () => false,
  );
}
