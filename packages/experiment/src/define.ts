import type { ExperimentConfig, ExperimentFile } from "@slipway/config";

/**
 * An experiment written in code, in the form of the experiment file: matrices, groups, chains, retries. Rejects with a ConfigError, CONFIG_INVALID,
 * that lists every mistake by its key.
 */
export async function defineExperiment<const Jobs extends ExperimentFile["jobs"]>(
  file: DefinedExperiment<Jobs>,
): Promise<ExperimentConfig> {
  const { experimentFromValue } = await import("@slipway/config"); // With its schemas: most of this package works without.
  return experimentFromValue(file);
}

/** As `ExperimentFile`, whose jobs need one another by name. */
export type DefinedExperiment<Jobs extends ExperimentFile["jobs"]> = Omit<ExperimentFile, "jobs"> & {
  readonly jobs: Jobs & { readonly [Name in keyof Jobs]: { readonly needs?: Needed<Extract<keyof Jobs, string>> } };
};

type Needed<Name extends string> = OneNeeded<Name> | readonly OneNeeded<Name>[];
type OneNeeded<Name extends string> =
  | Name
  | { readonly job: Name; readonly type?: "ok" | "any" | "notok" | "corresponding" };
