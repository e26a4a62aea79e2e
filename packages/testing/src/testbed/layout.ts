import path from "node:path";

/** What is where below a testbed's folder, and on which port. */
export interface Layout {
  readonly directory: string;
  readonly clusterName: string;
  /** The host's name without its domain, as Slurm's daemons look for themselves in slurm.conf. */
  readonly hostName: string;
  readonly nodes: readonly NodeLayout[];
  readonly cpusPerNode: number;
  readonly accounting: boolean;
  /** Whether slurmstepd can limit memory by this machine's cgroups (version 1). */
  readonly limitsMemory: boolean;
  readonly twoFactor: boolean;
  readonly userName: string;
  readonly ports: {
    readonly slurmctld: number;
    readonly slurmdbd: number;
    readonly mariadb: number;
    readonly sshd: number;
  };
  readonly databasePassword: string;
}

/** The second factor of a testbed with `twoFactor`. */
export const verificationCode = "246810";

export interface NodeLayout {
  readonly name: string;
  readonly port: number;
}

/** Files and folders of a testbed, all absolute. Those in `secret` only root can enter. */
export function placesIn(directory: string) {
  const at = (...names: readonly string[]) => path.join(directory, ...names);
  return {
    secret: at("secret"),
    home: at("home"),
    logs: at("logs"),
    mungeDirectory: at("munge"),
    mungeKey: at("secret", "munge.key"),
    mungeSocket: at("munge", "sock"),
    slurmConf: at("slurm.conf"),
    cgroupConf: at("cgroup.conf"),
    slurmdbdConf: at("slurmdbd.conf"),
    controllerState: at("slurmctld"),
    nodeSpool: at("slurmd"),
    database: at("secret", "mariadb"),
    databaseSetup: at("secret", "mariadb.sql"),
    sshdConfig: at("secret", "sshd_config"),
    hostKeyFile: at("secret", "host_key"),
    knownHostsFile: at("ssh", "known_hosts"),
    identityFile: at("ssh", "id_ed25519"),
    authorizedKeys: at("ssh", "authorized_keys"),
    ssh: at("ssh"),
    pamFile: at("secret", "pam"),
    codeCheck: at("secret", "check-code"),
  };
}
