import { placesIn, verificationCode } from "./layout.ts";
import type { Layout } from "./layout.ts";
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
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly identityFile: string;
  readonly knownHostsFile: string;
  /** The server's private key; `.pub` beside it. */
  readonly hostKeyFile: string;
  /** What sshd asks for after the key (keyboard-interactive, prompt `Password: `), with `twoFactor`. */
  readonly verificationCode?: string;
}

export function addressOf(layout: Layout, user: TestbedUser): TestbedAddress {
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
      user: user.name,
      uid: user.uid,
      gid: user.gid,
      home: user.home,
      identityFile: at.identityFile,
      knownHostsFile: at.knownHostsFile,
      hostKeyFile: at.hostKeyFile,
      ...(layout.twoFactor ? { verificationCode } : {}),
    },
    env: { SLURM_CONF: at.slurmConf },
    limitsMemory: layout.limitsMemory,
  };
}
