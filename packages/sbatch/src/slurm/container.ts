import { isEnvironmentName, quoteShell } from "@slipway/core";

import { assertPassable } from "../environment.ts";
import { SbatchError } from "../error.ts";
import { containerKeeperVariable } from "./container-keeper.ts";
import { inShell } from "./words.ts";
import type { Word } from "./words.ts";

export type ContainerRuntime = "pyxis" | "apptainer" | "singularity" | "podman" | "docker" | "none";

/** What a cluster says of containers, for all jobs. */
export interface ContainerSettings {
  readonly runtime: ContainerRuntime;
  /** Images by their names in experiments: a file on the cluster, or what the runtime pulls. */
  readonly images?: Readonly<Record<string, string>> | undefined;
  /** For every container: `SRC:DST` or `SRC:DST:ro`. */
  readonly mounts?: readonly string[] | undefined;
}

export interface Container {
  readonly runtime: ContainerRuntime;
  /** A file or a name, as the runtime reads it. */
  readonly image: string;
  /** `SRC:DST` or `SRC:DST:ro`, absolute paths of node and container. */
  readonly mounts: readonly string[];
  /** Names of variables that must reach the command whatever the image sets. */
  readonly variables: readonly string[];
  readonly gpus: boolean;
  /** A copy of the job's own is mounted in place of the store's. */
  readonly isCodeWritable?: boolean | undefined;
}

/** Where the code and the run directory are in a container. */
export const containerDirectories = { code: "/slipway/code", run: "/slipway/run" } as const;

const slipwayVariables = ["EXPERIMENT", "JOB", "ATTEMPT", "CODE_DIR", "RUN_DIR"].map((name) => `SLIPWAY_${name}`);
/** What programs of several tasks ask for. Runtimes that begin with an empty environment must be told. */
const slurmVariables = ["JOB_ID", "ARRAY_TASK_ID", "NNODES", "NODEID", "NTASKS", "PROCID", "LOCALID"].map(
  (name) => `SLURM_${name}`,
);

/** Flags of srun for Pyxis. Source: Pyxis's README. Empty for the other runtimes. */
export function pyxisFlags(container: Container): readonly Word[] {
  if (container.runtime !== "pyxis") return [];
  return [
    `--container-image=${checkedImage(container)}`,
    inShell(`--container-mounts=${mountList(container).join(",")}`),
    `--container-workdir=${containerDirectories.code}`,
    `--container-env=${[...slipwayVariables, ...checkedVariables(container)].join(",")}`,
  ];
}

/** The command of a runtime that starts the container itself, up to and with the image; empty for Pyxis and `none`. */
export function containerCommand(container: Container): readonly Word[] {
  const { runtime, gpus } = container;
  const mounts = (flag: string) => mountList(container).flatMap((mount) => [flag, inShell(mount)]);
  switch (runtime) {
    case "none":
    case "pyxis":
      return [];
    case "apptainer":
    case "singularity":
      return [
        runtime,
        "exec",
        ...(gpus ? ["--nv"] : []),
        ...mounts("--bind"),
        "--pwd",
        containerDirectories.code,
        checkedImage(container),
      ];
    case "podman":
    case "docker": {
      const names = [...slipwayVariables, ...slurmVariables, "CUDA_VISIBLE_DEVICES", ...checkedVariables(container)];
      return [
        "sh",
        "-c",
        inShell(`"$${containerKeeperVariable}"`),
        runtime,
        "run",
        "--rm",
        "--network=host",
        ...(runtime === "podman" ? ["--userns=keep-id"] : [inShell('--user="$(id -u):$(id -g)"')]),
        ...(gpus ? (runtime === "podman" ? ["--device", "nvidia.com/gpu=all"] : ["--gpus", "all"]) : []),
        ...mounts("--volume"),
        "--workdir",
        containerDirectories.code,
        ...names.flatMap((name) => ["--env", name]),
        checkedImage(container),
      ];
    }
  }
}

/** Each as shell text: the job's own two, and the user's. */
function mountList(container: Container): readonly string[] {
  return [
    container.isCodeWritable
      ? `"$slipway_work":${containerDirectories.code}`
      : `"$slipway_dir"/code:${containerDirectories.code}:ro`,
    `"$slipway_outputs":${containerDirectories.run}`,
    ...container.mounts.map((mount) => quoteShell(checkedMount(mount))),
  ];
}

function checkedMount(mount: string): string {
  assertPassable(mount, `The mount ${JSON.stringify(mount)}`);
  if (!/^\/[^:,\n\r]*:\/[^:,\n\r]*(?::r[ow])?$/.test(mount)) {
    throw new SbatchError("SBATCH_INVALID_VALUE", `${JSON.stringify(mount)} is not a mount`, {
      hint: "Write SRC:DST or SRC:DST:ro with absolute paths, without ':' and ',' in them",
    });
  }
  return mount;
}

function checkedImage({ image }: Container): string {
  assertPassable(image, "The container's image");
  if (image === "" || image.startsWith("-") || /[\r\n]/.test(image)) {
    throw new SbatchError("SBATCH_INVALID_VALUE", `${JSON.stringify(image)} is not the image of a container`, {
      hint: "Name a file on the cluster, or what the container runtime pulls",
    });
  }
  return image;
}

function checkedVariables({ variables }: Container): readonly string[] {
  const wrong = variables.find((name) => !isEnvironmentName(name));
  if (wrong === undefined) return variables;
  throw new SbatchError("SBATCH_INVALID_NAME", `${JSON.stringify(wrong)} is not the name of a variable`);
}
