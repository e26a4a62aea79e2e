import { runCommand } from "./command.ts";
import type { CommandResult } from "./command.ts";
import type { Daemons } from "./daemons.ts";
import { endTestbed, markOf } from "./end.ts";
import { placesIn } from "./layout.ts";
import type { Layout } from "./layout.ts";
import { killFamily } from "./process.ts";
import { daemonsOf, nodeMarkOf } from "./programs.ts";
import type { TestbedUser } from "./user.ts";

/** How to reach a testbed; plain data. Paths are absolute. */
export interface TestbedAddress {
  /** Everything is below it. */
  readonly directory: string;
  readonly clusterName: string;
  readonly slurmConf: string;
  /** `main` and `short` (a minute at most); jobs of `urgent` preempt theirs, which are requeued. */
  readonly partitions: readonly string[];
  readonly nodes: readonly string[];
  readonly ssh: TestbedSsh;
  /** For commands on this machine. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether a job that uses more memory than its `--mem` is ended as OUT_OF_MEMORY. */
  readonly limitsMemory: boolean;
}

export interface TestbedSsh {
  readonly host: "127.0.0.1";
  readonly port: number;
  readonly user: string;
  readonly home: string;
  readonly identityFile: string;
  readonly knownHostsFile: string;
  /** The server's private key; `.pub` beside it. */
  readonly hostKeyFile: string;
}

/** Commands on a testbed's login node; they resolve whatever their exit code. */
export interface TestbedCommands {
  /** As root. */
  slurm(...argv: readonly string[]): Promise<CommandResult>;
  /** As the user of `ssh`, in that user's home, with a login's environment. */
  asUser(...argv: readonly string[]): Promise<CommandResult>;
}

/** A cluster of one's own, with the faults that a real one shows. Each resolves when it is so. */
export interface Testbed extends TestbedAddress, TestbedCommands, AsyncDisposable {
  stopController(): Promise<void>;
  startController(): Promise<void>;
  /** The controller takes connections and does not answer. */
  pauseController(): Promise<void>;
  resumeController(): Promise<void>;
  stopAccounting(): Promise<void>;
  startAccounting(): Promise<void>;
  /** As if its power were cut: the node's daemon, its step daemons and its jobs' processes. */
  killNode(name: string): Promise<void>;
  startNode(name: string): Promise<void>;
  stopMunge(): Promise<void>;
  startMunge(): Promise<void>;
}

export interface TestbedParts {
  readonly layout: Layout;
  readonly daemons: Daemons;
  readonly user: TestbedUser;
}

export function createTestbed({ layout, daemons, user }: TestbedParts): Testbed {
  const { directory } = layout;
  const programs = daemonsOf(layout);
  let ended: Promise<void> | undefined;
  return {
    ...addressOf(layout),
    ...commandsOf(addressOf(layout), user),
    stopController: () => daemons.stop("slurmctld"),
    startController: () => daemons.start({ ...programs.slurmctld, argv: ["slurmctld", "-D"] }),
    pauseController: () => daemons.signal("slurmctld", "SIGSTOP"),
    resumeController: () => daemons.signal("slurmctld", "SIGCONT"),
    stopAccounting: () => daemons.stop("slurmdbd"),
    startAccounting: () => daemons.start(programs.slurmdbd),
    async killNode(name) {
      const slurmd = daemons.find(`slurmd-${name}`);
      await killFamily({ roots: slurmd ? [slurmd] : [], mark: nodeMarkOf(directory, name) });
    },
    startNode: (name) => daemons.start(programs.slurmd(name)),
    stopMunge: () => daemons.stop("munged"),
    startMunge: () => daemons.start(programs.munged),
    [Symbol.asyncDispose]: () => (ended ??= endTestbed(daemons.record())),
  };
}

function addressOf(layout: Layout): TestbedAddress {
  const at = placesIn(layout.directory);
  return {
    directory: layout.directory,
    clusterName: layout.clusterName,
    slurmConf: at.slurmConf,
    partitions: ["main", "short", "urgent"],
    nodes: layout.nodes.map(({ name }) => name),
    ssh: {
      host: "127.0.0.1",
      port: layout.ports.sshd,
      user: layout.userName,
      home: at.home,
      identityFile: at.identityFile,
      knownHostsFile: at.knownHostsFile,
      hostKeyFile: at.hostKeyFile,
    },
    env: { SLURM_CONF: at.slurmConf },
    limitsMemory: layout.limitsMemory,
  };
}

/** Also for a testbed that another process started. */
export function commandsOf(address: TestbedAddress, user: TestbedUser): TestbedCommands {
  const [markName = "", markValue = ""] = markOf(address.directory).split("=");
  const env = { ...address.env, [markName]: markValue };
  const login = {
    ...env,
    PATH: "/usr/local/bin:/usr/bin:/bin:/usr/games",
    HOME: user.home,
    USER: user.name,
    LOGNAME: user.name,
    SHELL: "/bin/bash",
  };
  return {
    slurm: (...argv) => runCommand(argv, { env }),
    asUser: (...argv) => runCommand(argv, { env: login, cwd: user.home, user: { uid: user.uid, gid: user.gid } }),
  };
}
