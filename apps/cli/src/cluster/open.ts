import path from "node:path";

import type { ClusterConfig } from "@slipway/config";
import type { Executor, Transport } from "@slipway/core";

import { cacheDirectory, homeDirectory } from "../compose.ts";
import type { Context } from "../context.ts";
import { CliError } from "../error.ts";
import { repositoryTop } from "../project.ts";
import { createUploadReport } from "../report/upload.ts";
import { adviseLogin } from "./advise-login.ts";
import { askOnTerminal } from "./ask.ts";
import { toClusterSettings } from "./settings.ts";

/** The cluster file of a name or a path. */
export async function findClusterConfig(name: string, context: Context): Promise<ClusterConfig> {
  const { findCluster } = await import("@slipway/config/light");
  const { cwd, env, signal } = context;
  const config = await findCluster(name, { cwd, root: repositoryTop(cwd), home: homeDirectory(context), env, signal });
  for (const shadow of config.shadows)
    context.stderr.write(`note: ${shadow} is not read; ${config.file} goes before it\n`);
  return config;
}

export interface OpenOptions {
  /** Connects at once, in place of before the first command. */
  readonly connectsNow?: boolean | undefined;
  /** Told of a record on the cluster that is none. */
  readonly onUnreadableRecord?: ((path: string, why: string) => void) | undefined;
  /** Given the connection that the executor works over; it stays the executor's. */
  readonly onTransport?: ((transport: Transport) => void) | undefined;
}

/** The executor that a cluster file describes. Whoever asks disposes it. */
export async function openClusterExecutor(
  config: ClusterConfig,
  context: Context,
  { connectsNow = false, onUnreadableRecord, onTransport }: OpenOptions = {},
): Promise<Executor> {
  if (config.executor === "local") {
    const { createLocalExecutor } = await import("@slipway/executor-local");
    return createLocalExecutor({
      home: homeDirectory(context),
      env: context.env,
      cacheDirectory: path.join(cacheDirectory(context), "local", "manifests"),
    });
  }
  const transport = openWhenNeeded(config, context);
  const executor =
    config.executor === "slurm"
      ? await openSlurmExecutor(config, { transport, onUnreadableRecord }, context)
      : await openCustom(config, transport, context);
  if (connectsNow) transport.connect();
  onTransport?.(transport);
  const dispose = async () => {
    await executor[Symbol.asyncDispose]();
    await transport[Symbol.asyncDispose]();
  };
  return { ...executor, [Symbol.asyncDispose]: dispose };
}

async function openSlurmExecutor(
  config: ClusterConfig,
  { transport, onUnreadableRecord }: Pick<OpenOptions, "onUnreadableRecord"> & { readonly transport: Transport },
  context: Context,
): Promise<Executor> {
  if (config.jobDir === undefined) {
    throw new CliError("CLI_USAGE", `The cluster ${config.name} has no job_dir`, {
      hint: `Add one to ${config.file ?? "its file"}`,
    });
  }
  const { createSlurmExecutor } = await import("@slipway/executor-slurm");
  const showUpload = createUploadReport(context);
  return createSlurmExecutor({
    transport,
    jobDir: config.jobDir,
    cluster: toClusterSettings(config, context.env),
    cacheDirectory: path.join(cacheDirectory(context), "slurm"),
    onEvent: (event) => {
      if (event.type === "executor-slurm.unreadable_record") onUnreadableRecord?.(event.path, event.why);
      if (event.type === "store.progress") showUpload(event);
    },
  });
}

async function openCustom(config: ClusterConfig, transport: Transport, context: Context): Promise<Executor> {
  const { openCustomExecutor } = await import("./custom.ts");
  return openCustomExecutor(config, transport, context);
}

/** How commands reach a cluster: over SSH, or from this machine where it is the login node. */
export async function openClusterTransport({ ssh, name }: ClusterConfig, context: Context): Promise<Transport> {
  const { env, signal } = context;
  if (!ssh) {
    const { openLocalTransport } = await import("@slipway/transport-local");
    return openLocalTransport({ env });
  }
  const { connectSsh } = await import("@slipway/ssh");
  const { transport, preCommand, ...destination } = ssh;
  const options = {
    env,
    controlDirectory: path.join(homeDirectory(context), "ssh"),
    configFile: env["SLIPWAY_SSH_CONFIG"],
    transport,
    preCommand,
    signal,
    ask: askOnTerminal(context),
  };
  return connectSsh(destination, options).catch((error: unknown) => {
    throw adviseLogin(error, { cluster: name, canAsk: options.ask !== undefined });
  });
}

interface LateTransport extends Transport {
  /** Begins to connect; whether that succeeds is told by the first command. */
  connect(): void;
}

/** Plans and dry runs need no connection. */
function openWhenNeeded(config: ClusterConfig, context: Context): LateTransport {
  const abandon = new AbortController();
  const signal = AbortSignal.any([context.signal, abandon.signal]);
  let connection: Promise<Transport> | undefined;
  const connect = () => (connection ??= openClusterTransport(config, { ...context, signal }));
  return {
    host: config.ssh?.host ?? "local",
    connect: () => void connect().catch(() => {}),
    async exec(argv, options) {
      return (await connect()).exec(argv, options);
    },
    async [Symbol.asyncDispose]() {
      abandon.abort(new Error("The connection is not needed any more"));
      const transport = await connection?.catch(() => undefined); // Whoever ran a command was told.
      await transport?.[Symbol.asyncDispose]();
    },
  };
}
