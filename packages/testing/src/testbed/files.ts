import { randomBytes } from "node:crypto";
import { chmod, copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { outputOf } from "./command.ts";
import { markOf } from "./end.ts";
import { placesIn } from "./layout.ts";
import type { Layout } from "./layout.ts";
import { databaseSizes } from "./programs.ts";
import { renderCgroupConf, renderSlurmConf, renderSlurmdbdConf } from "./slurm-conf.ts";
import { renderCodeCheck, renderPamService, renderSshdConfig } from "./sshd-config.ts";

/** Puts down all that the daemons read before they are started. */
export async function writeTestbedFiles(layout: Layout, signal?: AbortSignal): Promise<void> {
  const at = placesIn(layout.directory);
  await chmod(layout.directory, 0o755);
  await mkdir(at.secret, { mode: 0o700 });
  const open = [at.logs, at.mungeDirectory, at.controllerState, at.nodeSpool, at.ssh];
  for (const folder of open) await mkdir(folder, { mode: 0o755 });
  for (const { name } of layout.nodes) await mkdir(path.join(at.nodeSpool, name), { mode: 0o755 });
  await writeFile(at.mungeKey, randomBytes(1024), { mode: 0o400 });
  await writeFile(at.slurmConf, renderSlurmConf(layout), { mode: 0o644 });
  if (layout.limitsMemory) await writeFile(at.cgroupConf, renderCgroupConf(), { mode: 0o644 });
  await Promise.all([writeSshFiles(layout, signal), layout.accounting ? writeDatabase(layout, signal) : undefined]);
}

async function writeSshFiles(layout: Layout, signal?: AbortSignal): Promise<void> {
  const at = placesIn(layout.directory);
  for (const file of [at.hostKeyFile, at.identityFile]) {
    await outputOf(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "slipway-testbed", "-f", file], { signal });
  }
  await copyFile(`${at.identityFile}.pub`, at.authorizedKeys);
  const hostKey = await readFile(`${at.hostKeyFile}.pub`, "utf8");
  await writeFile(at.knownHostsFile, `[127.0.0.1]:${layout.ports.sshd} ${hostKey}`);
  await writeFile(at.sshdConfig, renderSshdConfig(layout, markOf(layout.directory)));
  await writeFile(at.pamFile, renderPamService(layout));
  await writeFile(at.codeCheck, renderCodeCheck(), { mode: 0o700 });
  // sshd asks for it, and for nobody else to be able to write there; where ssh is a service it is there already.
  await mkdir("/run/sshd", { recursive: true, mode: 0o755 });
}

async function writeDatabase(layout: Layout, signal?: AbortSignal): Promise<void> {
  const at = placesIn(layout.directory);
  await writeFile(at.slurmdbdConf, renderSlurmdbdConf(layout), { mode: 0o600 });
  const password = layout.databasePassword;
  const setup = [
    `CREATE USER IF NOT EXISTS slurm@127.0.0.1 IDENTIFIED BY '${password}';`,
    "GRANT ALL ON slurm_acct.* TO slurm@127.0.0.1;",
  ];
  await writeFile(at.databaseSetup, `${setup.join("\n")}\n`, { mode: 0o600 });
  const options = ["--no-defaults", "--user=root", `--datadir=${at.database}`, "--skip-test-db", "--skip-name-resolve"];
  const sizes = ["--auth-root-authentication-method=socket", ...databaseSizes];
  await outputOf(["mariadb-install-db", ...options, ...sizes], { signal });
}
