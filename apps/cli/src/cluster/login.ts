import path from "node:path";

import type { SshTarget } from "@slipway/config";
import type { LoginOptions } from "@slipway/ssh";

import { homeDirectory } from "../compose.ts";
import type { Context } from "../context.ts";
import { CliError } from "../error.ts";
import { adviseLogin } from "./advise-login.ts";
import { canAsk } from "./ask.ts";
import { findClusterConfig } from "./open.ts";

/** A host that the user logs in to, and how. */
export interface LoginPlace {
  readonly ssh: SshTarget;
  readonly options: LoginOptions;
}

export async function findLoginPlace(cluster: string, context: Context): Promise<LoginPlace> {
  const { ssh } = await findClusterConfig(cluster, context);
  if (!ssh) {
    throw new CliError("CLI_USAGE", `${cluster} is used from this machine: there is no connection to open`, {
      hint: "A cluster that is reached over SSH has ssh_tunnel in its file",
    });
  }
  const { env, signal } = context;
  const controlDirectory = path.join(homeDirectory(context), "ssh");
  return { ssh, options: { env, signal, controlDirectory, configFile: env["SLIPWAY_SSH_CONFIG"] } };
}

/** Opens the connection that all commands share; false when it was open before. */
export async function openSharedConnection(
  { ssh, options }: LoginPlace,
  cluster: string,
  context: Context,
): Promise<boolean> {
  const { login } = await import("@slipway/ssh");
  try {
    return (await login(ssh, options)).isNew;
  } catch (error) {
    throw adviseLogin(error, { cluster, canAsk: canAsk(context) });
  }
}
