import { Command } from "@commander-js/extra-typings";

import type { Context } from "../context.ts";

export function loginCommand(context: Context) {
  return new Command("login")
    .description("open the connection that all commands share: passwords and second factors are asked for once")
    .argument("<CLUSTER>", "a cluster's name or file")
    .action(async (cluster) => {
      const { findLoginPlace, openSharedConnection } = await import("../cluster/login.ts");
      const place = await findLoginPlace(cluster, context);
      const isNew = await openSharedConnection(place, cluster, context);
      const { host } = place.ssh;
      context.stdout.write(
        isNew ? `Logged in to ${host}; close it with: slipway logout ${cluster}\n` : `${host} was open already\n`,
      );
    });
}

export function logoutCommand(context: Context) {
  return new Command("logout")
    .description("close the shared connection")
    .argument("<CLUSTER>", "a cluster's name or file")
    .action(async (cluster) => {
      const { findLoginPlace } = await import("../cluster/login.ts");
      const { ssh, options } = await findLoginPlace(cluster, context);
      const { logout } = await import("@slipway/ssh");
      const closed = await logout(ssh, options);
      context.stdout.write(closed ? `Logged out of ${ssh.host}\n` : `Nothing was open to ${ssh.host}\n`);
    });
}
