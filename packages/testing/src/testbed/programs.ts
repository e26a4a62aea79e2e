import { runCommand } from "./command.ts";
import type { Daemon } from "./daemons.ts";
import { placesIn } from "./layout.ts";
import type { Layout, NodeLayout } from "./layout.ts";
import { listensOn } from "./process.ts";

/** Each daemon of a testbed: how it is started, and how one sees that it is ready. */
export function daemonsOf(layout: Layout) {
  const { directory, ports } = layout;
  const at = placesIn(directory);
  const slurm = { SLURM_CONF: at.slurmConf };
  const ask = async (...argv: readonly string[]) => (await runCommand(argv, { env: slurm })).stdout.trim();
  return {
    munged: {
      name: "munged",
      argv: [
        "munged",
        "--foreground",
        "--force", // It mistrusts folders below a temporary one.
        `--key-file=${at.mungeKey}`,
        `--socket=${at.mungeSocket}`,
        `--pid-file=${at.secret}/munged.pid`,
        `--seed-file=${at.secret}/munged.seed`,
        `--log-file=${at.logs}/munged-own.log`,
      ],
      isReady: async () => (await runCommand(["munge", "-n", "-S", at.mungeSocket])).exitCode === 0,
    },
    mariadbd: {
      name: "mariadbd",
      argv: [
        "mariadbd",
        "--no-defaults",
        "--user=root",
        `--datadir=${at.database}`,
        `--socket=${at.secret}/mariadb.sock`,
        `--pid-file=${at.secret}/mariadb.pid`,
        `--init-file=${at.databaseSetup}`,
        "--bind-address=127.0.0.1",
        `--port=${ports.mariadb}`,
        "--skip-name-resolve",
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-lock-wait-timeout=900",
        ...databaseSizes,
      ],
      isReady: (pid: number) => listensOn(pid, ports.mariadb),
    },
    slurmdbd: {
      name: "slurmdbd",
      argv: ["slurmdbd", "-D"],
      env: slurm,
      isReady: (pid: number) => listensOn(pid, ports.slurmdbd),
    },
    slurmctld: {
      name: "slurmctld",
      argv: ["slurmctld", "-D", "-i"],
      env: slurm,
      isReady: async () => (await ask("scontrol", "ping")).endsWith("UP"),
    },
    slurmd: ({ name, port }: NodeLayout) => ({
      name: `slurmd-${name}`,
      argv: ["slurmd", "-D", "-N", name],
      env: { ...slurm, [nodeMarkName]: nodeMarkValue(directory, name) },
      isReady: async (pid: number) =>
        (await listensOn(pid, port)) && usable.has(await ask("sinfo", "-h", "-p", "main", "-n", name, "-o", "%T")),
    }),
    sshd: {
      name: "sshd",
      argv: [
        ...(layout.twoFactor ? withPamService(at.pamFile) : []),
        "/usr/sbin/sshd",
        "-D",
        "-e",
        "-f",
        at.sshdConfig,
      ],
      isReady: (pid: number) => listensOn(pid, ports.sshd),
    },
  } satisfies Record<string, Daemon | ((node: NodeLayout) => Daemon)>;
}

/** States of a node that takes jobs, as sinfo(1) says them; one that does not answer has a `*` behind its state. */
const usable: ReadonlySet<string> = new Set(["idle", "mixed", "allocated", "completing"]);

/** Small: a database of a few thousand rows. */
export const databaseSizes = ["--innodb-log-file-size=16M", "--innodb-buffer-pool-size=64M"];

const nodeMarkName = "SLIPWAY_TESTBED_NODE";

/** In the environment of a node's daemon, and so of the step daemons that it leaves to themselves. */
export function nodeMarkOf(directory: string, name: string): string {
  return `${nodeMarkName}=${nodeMarkValue(directory, name)}`;
}

function nodeMarkValue(directory: string, name: string): string {
  return `${directory}:${name}`;
}

/** sshd asks PAM for the service `sshd`; in a mount namespace of its own it finds ours, and the machine's stays as it is. */
function withPamService(file: string): readonly string[] {
  const script = 'mount --bind "$1" /etc/pam.d/sshd && shift && exec "$@"';
  return ["unshare", "--mount", "sh", "-c", script, "sh", file];
}
