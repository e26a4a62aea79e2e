import { placesIn, verificationCode } from "./layout.ts";
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

/** pam.d(5) for sshd: asks once (`Password: `), and lets pam_exec(8) give the answer to a script. */
export function renderPamService({ directory }: Layout): string {
  return [
    `auth required pam_exec.so quiet expose_authtok ${placesIn(directory).codeCheck}`,
    "auth required pam_permit.so", // Gives the credentials, of which pam_exec knows nothing.
    "account required pam_permit.so",
    "session required pam_permit.so",
    "",
  ].join("\n");
}

/** Reads the answer, which ends with a NUL. */
export function renderCodeCheck(): string {
  return `#!/bin/sh\n[ "$(tr -d '\\000')" = ${verificationCode} ]\n`;
}
