import { addressOf } from "./address.ts";
import type { TestbedAddress } from "./address.ts";
import { runCommand } from "./command.ts";
import type { CommandResult } from "./command.ts";
import type { Daemons } from "./daemons.ts";
import { endTestbed, markOf } from "./end.ts";
import type { Layout, NodeLayout } from "./layout.ts";
import { killFamily } from "./process.ts";
import { daemonsOf, nodeMarkOf } from "./programs.ts";
import type { TestbedUser } from "./user.ts";

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
  const address = addressOf(layout, user);
  let ended: Promise<void> | undefined;
  return {
    ...address,
    ...commandsOf(address),
    stopController: () => daemons.stop("slurmctld"),
    async startController() {
      await daemons.start({ ...programs.slurmctld, argv: ["slurmctld", "-D"] });
      await runCommand(["scontrol", "reconfigure"], address); // It asks all nodes at once, not only after some seconds.
    },
    pauseController: () => daemons.signal("slurmctld", "SIGSTOP"),
    resumeController: () => daemons.signal("slurmctld", "SIGCONT"),
    stopAccounting: () => daemons.stop("slurmdbd"),
    startAccounting: () => daemons.start(programs.slurmdbd),
    async killNode(name) {
      const slurmd = daemons.find(programs.slurmd(nodeNamed(layout, name)).name);
      await killFamily({ roots: slurmd ? [slurmd] : [], mark: nodeMarkOf(directory, name) });
    },
    startNode: async (name) => daemons.start(programs.slurmd(nodeNamed(layout, name))),
    stopMunge: () => daemons.stop("munged"),
    startMunge: () => daemons.start(programs.munged),
    [Symbol.asyncDispose]: () => (ended ??= endTestbed(daemons.record())),
  };
}

function nodeNamed({ nodes }: Layout, name: string): NodeLayout {
  const node = nodes.find((candidate) => candidate.name === name);
  if (node === undefined) throw new Error(`No node ${name}: there are ${nodes.map((each) => each.name).join(", ")}`);
  return node;
}

/** Also for a testbed that another process started. */
export function commandsOf({ directory, env, ssh }: TestbedAddress): TestbedCommands {
  const [markName = "", markValue = ""] = markOf(directory).split("=");
  const marked = { ...env, [markName]: markValue };
  const login = { PATH: loginPath, HOME: ssh.home, USER: ssh.user, LOGNAME: ssh.user, SHELL: "/bin/bash" };
  const user = { uid: ssh.uid, gid: ssh.gid };
  return {
    slurm: (...argv) => runCommand(argv, { env: marked }),
    asUser: (...argv) => runCommand(argv, { env: { ...marked, ...login }, cwd: ssh.home, user }),
  };
}

/** What sshd gives a user without PAM. */
const loginPath = "/usr/local/bin:/usr/bin:/bin:/usr/games";
