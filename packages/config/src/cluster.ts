import path from "node:path";

import { toCleanSettings } from "./clean-settings.ts";
import { checkCluster } from "./cluster-check.ts";
import type { ClusterConfig, EnvironmentRule, Mount, SshTarget } from "./cluster-config.ts";
import { clusterSchema } from "./cluster-schema.ts";
import type { ClusterFile, SshTunnelFile } from "./cluster-schema.ts";
import { readDocument } from "./document.ts";
import type { ConfigDocument } from "./document.ts";
import type { Path } from "./problem.ts";
import { readConfigOrThrow } from "./read-config.ts";
import { parseDuration } from "./units.ts";
import { expandHome, expandVariables } from "./variables.ts";
import type { Environment } from "./variables.ts";

/**
 * Reads a cluster file's text; the file's name without its ending is the cluster's. `$NAME` in `user`, `job_dir` and `identity` is
 * taken from `env`. Throws CONFIG_INVALID with every mistake.
 */
export function parseCluster(text: string, file: string, env: Environment): ClusterConfig {
  const document = readDocument({ text, file, isNullKept });
  const shape = readConfigOrThrow({ document, schema: clusterSchema, check: (content) => checkCluster(content, env) });
  return { name: path.parse(file).name, file, shadows: [], ...toCluster(shape, document, env) };
}

/** Where nothing is not the same as an absent key. */
function isNullKept(at: Path): boolean {
  if (at[0] === "executor_options") return at.length > 1;
  const isOwnName = at[0] === "containers" || at[0] === "timeouts" || at[0] === "sbatch";
  return at.length === 2 && (isOwnName || (at[0] === "ssh_tunnel" && at[1] === "user"));
}

function toCluster(
  shape: ClusterFile,
  document: ConfigDocument,
  env: Environment,
): Omit<ClusterConfig, "name" | "shadows"> {
  const texts = {
    jobDir: textAt(document, ["ssh_tunnel", "job_dir"], env) ?? textAt(document, ["job_dir"], env),
    account: document.text(["account"]),
    partition: document.text(["partition"]),
    cpuPartition: document.text(["cpu_partition"]),
    qos: document.text(["qos"]),
    mailType: shape.mail_type,
    mailUser: shape.mail_user,
    containerRuntime: shape.container_runtime,
    defaultTimeLimitSeconds: secondsOf(shape.default_timeout),
    pollMinSeconds: shape.poll?.min_seconds,
  };
  return {
    executor: shape.executor === "none" ? "local" : shape.executor,
    executorOptions: shape.executor_options ?? {},
    ...present(texts),
    ...(shape.ssh_tunnel && { ssh: toSshTarget(shape.ssh_tunnel, document, env) }),
    jobNamePrefix: document.text(["job_name_prefix"]) ?? "",
    containers: shape.containers ?? {},
    mounts: (shape.mounts ?? []).map(toMount),
    env: [
      ...(shape.env_vars ?? []).map((rule) => toEnvironmentRule(rule, false)),
      ...(shape.required_env_vars ?? []).map((rule) => toEnvironmentRule(rule, true)),
    ],
    secrets: shape.secrets ?? [],
    timeLimitSecondsByPartition: mapValues(shape.timeouts, (limit) => parseDuration(String(limit))),
    dependencyType: dependencyTypes[shape.dependency_type ?? "afterok"],
    skipsHfHomeCheck: shape.skip_hf_home_check ?? false,
    omitGpusPerNode: shape.disable_gpus_per_node ?? false,
    sbatch: mapValues(shape.sbatch, (value, name) =>
      typeof value === "boolean" ? value : (document.text(["sbatch", name]) ?? ""),
    ),
    clean: toCleanSettings(shape.clean ?? {}),
  };
}

const dependencyTypes = { afterok: "ok", afterany: "any", afternotok: "notok" } as const;

function toSshTarget(tunnel: SshTunnelFile, document: ConfigDocument, env: Environment): SshTarget {
  const identity = textAt(document, ["ssh_tunnel", "identity"], env);
  const optionals = {
    user: tunnel.user === null ? env["USER"] : textAt(document, ["ssh_tunnel", "user"], env),
    port: tunnel.port,
    identityFile: identity === undefined ? undefined : expandHome(identity, env),
    preCommand: tunnel.pre_command,
  };
  return { host: tunnel.host, ...present(optionals), transport: tunnel.transport ?? "auto" };
}

function toMount(mount: string): Mount {
  const [source = "", target = "", mode] = mount.split(":");
  return { source, target, readOnly: mode === "ro" };
}

function toEnvironmentRule(rule: string, isRequired: boolean): EnvironmentRule {
  const equals = rule.indexOf("=");
  if (equals === -1) return { name: rule.trim(), isRequired };
  return { name: rule.slice(0, equals).trim(), value: rule.slice(equals + 1), isRequired };
}

function secondsOf(duration: string | number | undefined): number | undefined {
  return duration === undefined ? undefined : parseDuration(String(duration));
}

/** A text with its variables expanded; validation has seen that all have values. */
function textAt(document: ConfigDocument, at: Path, env: Environment): string | undefined {
  const text = document.text(at);
  if (text === undefined) return undefined;
  const expansion = expandVariables(text, env);
  return expansion.missing ? text : expansion.text;
}

function mapValues<V, W>(
  map: Readonly<Record<string, V>> = {},
  convert: (value: V, name: string) => W,
): Readonly<Record<string, W>> {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name, convert(value, name)]));
}

type Present<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

function present<T extends object>(values: T): Present<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Present<T>;
}
