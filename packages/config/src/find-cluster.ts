import { readdir } from "node:fs/promises";
import path from "node:path";

import type { ClusterConfig } from "./cluster-config.ts";
import { ConfigError } from "./error.ts";
import { displayName } from "./find-project.ts";
import { suggest } from "./problem.ts";
import { readText } from "./read-text.ts";
import type { Environment } from "./variables.ts";

export interface FindClusterOptions {
  /** The directory the command runs in, absolute. */
  readonly cwd: string;
  /** The repository's top directory, absolute. */
  readonly root?: string | undefined;
  /** slipway's own directory of this user, absolute: `~/.slipway`. */
  readonly home: string;
  /** A folder that goes before all others; a relative one counts from `cwd`. */
  readonly configDir?: string | undefined;
  /** For `$NAME` in the file, and for SLIPWAY_CONFIG_DIR and NEMO_SKILLS_CONFIG_DIR. */
  readonly env: Environment;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The cluster of a name, or of a path to its file (with a `/`, or ending in `.yaml` or `.yml`). Folders are asked in this order:
 * `configDir`, SLIPWAY_CONFIG_DIR, `<cwd>/cluster_configs`, `<root>/cluster_configs`, `<home>/clusters`, NEMO_SKILLS_CONFIG_DIR. The
 * first file wins; the others of the name are told in `shadows`. `local` exists without a file.
 * Throws CONFIG_CLUSTER_NOT_FOUND, CONFIG_INVALID, CONFIG_UNREADABLE.
 */
export async function findCluster(name: string, options: FindClusterOptions): Promise<ClusterConfig> {
  const { cwd, env, signal } = options;
  const isPath = /[/\\]|\.ya?ml$/.test(name);
  const folders = isPath ? [] : listFolders(options);
  const candidates = isPath
    ? [path.resolve(cwd, name)]
    : folders.flatMap((folder) => [".yaml", ".yml"].map((ending) => path.join(folder, name + ending)));
  const texts = await Promise.all(candidates.map((file) => readText(file, signal)));
  const found = candidates.filter((_, index) => texts[index] !== undefined);
  const [file, ...shadows] = found;
  if (file !== undefined) {
    const { parseCluster } = await import("./cluster.ts");
    const text = texts[candidates.indexOf(file)] ?? "";
    return { ...parseCluster(text, displayName(file, cwd), env), file, shadows };
  }
  if (name === "local") return thisMachine;
  throw await notFound(name, { isPath, folders, cwd });
}

/** The names that `findCluster` would find, `local` as the last. */
export function listClusterNames(options: FindClusterOptions): Promise<readonly string[]> {
  return listKnown(listFolders(options));
}

const thisMachine: ClusterConfig = {
  name: "local",
  shadows: [],
  executor: "local",
  executorOptions: {},
  jobNamePrefix: "",
  containers: {},
  mounts: [],
  env: [],
  secrets: [],
  timeLimitSecondsByPartition: {},
  dependencyType: "ok",
  omitGpusPerNode: false,
  skipsHfHomeCheck: false,
  sbatch: {},
  clean: {},
};

function listFolders({ cwd, root = cwd, home, configDir, env }: FindClusterOptions): readonly string[] {
  const folders = [
    configDir,
    env["SLIPWAY_CONFIG_DIR"],
    "cluster_configs",
    path.join(root, "cluster_configs"),
    path.join(home, "clusters"),
    env["NEMO_SKILLS_CONFIG_DIR"],
  ];
  const given = folders.flatMap((folder) => (folder === undefined || folder === "" ? [] : [path.resolve(cwd, folder)]));
  return [...new Set(given)];
}

interface Search {
  readonly isPath: boolean;
  readonly folders: readonly string[];
  readonly cwd: string;
}

async function notFound(name: string, { isPath, folders, cwd }: Search): Promise<ConfigError> {
  if (isPath) {
    const file = displayName(path.resolve(cwd, name), cwd);
    return new ConfigError("CONFIG_CLUSTER_NOT_FOUND", `There is no cluster file ${file}`, {
      details: { looked: [file], known: [] },
    });
  }
  const known = await listKnown(folders);
  const looked = folders.map((folder) => displayName(folder, cwd));
  return new ConfigError(
    "CONFIG_CLUSTER_NOT_FOUND",
    `There is no cluster ${JSON.stringify(name)}; looked for ${name}.yaml in ${looked.join(", ")}`,
    {
      hint: suggest(name, known, "Known clusters"),
      details: { looked, known },
    },
  );
}

/** Names that would have been found, the strongest folder's first. */
async function listKnown(folders: readonly string[]): Promise<readonly string[]> {
  const lists = await Promise.all(folders.map(listFiles));
  const names = lists
    .flat()
    .filter((file) => /\.ya?ml$/.test(file))
    .map((file) => path.parse(file).name);
  return [...new Set([...names.toSorted(), "local"])];
}

/** A folder that cannot be listed adds no names. */
async function listFiles(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (error instanceof Error && "code" in error) return [];
    throw error;
  }
}
