import path from "node:path";

import { writeFiles } from "@slipway/testing";
import { sharedTestbed } from "@slipway/testing/testbed";
import type { TestbedAddress } from "@slipway/testing/testbed";

import { machine } from "./slipway.ts";
import type { Machine } from "./slipway.ts";

/** A user's machine whose cluster file `testbed` leads over sshd to a real cluster: the shared one when none is given. */
export async function machineWithCluster(cluster?: TestbedAddress): Promise<{ m: Machine; jobDir: string }> {
  const { ssh } = cluster ?? (await sharedTestbed());
  const m = await machine();
  const jobDir = path.join(ssh.home, `slipway-${path.basename(m.folder)}`);
  await writeFiles(m.folder, {
    ssh_config: renderHost("testbed", ssh),
    "slipway home/clusters/testbed.yaml": `executor: slurm\nssh_tunnel: { host: testbed, job_dir: ${jobDir} }\npartition: main\ndefault_timeout: 5m\n`,
  });
  m.env["SLIPWAY_SSH_CONFIG"] = path.join(m.folder, "ssh_config");
  return { m, jobDir };
}

/** Of ssh_config(5). */
export function renderHost(
  alias: string,
  { host, port, user, identityFile, knownHostsFile }: Omit<TestbedAddress["ssh"], "home">,
): string {
  return [
    `Host ${alias}`,
    `  HostName ${host}`,
    `  Port ${port}`,
    `  User ${user}`,
    `  IdentityFile ${identityFile}`,
    `  UserKnownHostsFile ${knownHostsFile}`,
    "",
  ].join("\n");
}
