import path from "node:path";

import { Command } from "@commander-js/extra-typings";
import type { SshTarget } from "@slipway/config";

import { homeDirectory } from "../compose.ts";
import type { Context } from "../context.ts";
import { CliError } from "../error.ts";

export function loginCommand(context: Context) {
  return new Command("login")
    .description("open the connection that all commands share: passwords and second factors are asked for once")
    .argument("<CLUSTER>", "a cluster's name or file")
    .action(async (cluster) => {
      const ssh = await sshOf(cluster, context);
      const { login } = await import("@slipway/ssh");
      const { isNew } = await login(ssh, loginOptions(context));
      context.stdout.write(
        isNew
          ? `Logged in to ${ssh.host}; close it with: slipway logout ${cluster}\n`
          : `${ssh.host} was open already\n`,
      );
    });
}

export function logoutCommand(context: Context) {
  return new Command("logout")
    .description("close the shared connection")
    .argument("<CLUSTER>", "a cluster's name or file")
    .action(async (cluster) => {
      const ssh = await sshOf(cluster, context);
      const { logout } = await import("@slipway/ssh");
      const closed = await logout(ssh, loginOptions(context));
      context.stdout.write(closed ? `Logged out of ${ssh.host}\n` : `Nothing was open to ${ssh.host}\n`);
    });
}

async function sshOf(cluster: string, context: Context): Promise<SshTarget> {
  const { findClusterConfig } = await import("../cluster/open.ts");
  const { ssh } = await findClusterConfig(cluster, context);
  if (ssh) return ssh;
  throw new CliError("CLI_USAGE", `${cluster} is used from this machine: there is no connection to open`, {
    hint: "A cluster that is reached over SSH has ssh_tunnel in its file",
  });
}

function loginOptions(context: Context) {
  const { env, signal } = context;
  return {
    env,
    signal,
    controlDirectory: path.join(homeDirectory(context), "ssh"),
    configFile: env["SLIPWAY_SSH_CONFIG"],
  };
}
