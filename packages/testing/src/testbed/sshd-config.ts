import { placesIn } from "./layout.ts";
import type { Layout } from "./layout.ts";

/** sshd_config(5). `mark` is put in the environment of every login, beside SLURM_CONF. */
export function renderSshdConfig({ directory, ports, twoFactor, userName }: Layout, mark: string): string {
  const at = placesIn(directory);
  return [
    `Port ${ports.sshd}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${at.hostKeyFile}`,
    "PidFile none",
    `AllowUsers ${userName}`,
    `AuthorizedKeysFile ${at.authorizedKeys} .ssh/authorized_keys`,
    // The folder for temporary files is everybody's, which sshd does not like above a file of keys.
    "StrictModes no",
    "PasswordAuthentication no",
    ...(twoFactor
      ? ["UsePAM yes", "KbdInteractiveAuthentication yes", "AuthenticationMethods publickey,keyboard-interactive:pam"]
      : ["UsePAM no", "KbdInteractiveAuthentication no"]),
    "PrintMotd no",
    "UseDNS no",
    "LogLevel VERBOSE",
    // Test files that connect at the same time are not an attack.
    "MaxStartups 200",
    "Subsystem sftp internal-sftp",
    `SetEnv SLURM_CONF=${at.slurmConf} ${mark}`,
    "",
  ].join("\n");
}
