import type { Experiment } from "@slipway/core";

import type { AfterReference } from "./job-text.ts";

/** What an experiment file says: its jobs with the file's defaults applied, in the file's order. */
export interface ExperimentConfig extends Experiment {
  readonly cluster?: string;
  /** Names of variables whose values come from the caller's shell and never reach a script, a log or a record: those of all jobs, each once. */
  readonly secrets?: readonly string[];
  /** The same by job, for jobs that have any. */
  readonly secretsByJob?: Readonly<Record<string, readonly string[]>>;
  /** Whose end jobs wait for without saying which, by job: `ok` stands in their needs, and a cluster's `dependencyType` may count instead. */
  readonly unsaidNeedsByJob?: Readonly<Record<string, readonly string[]>>;
  /** Other experiments that jobs wait for, by job; to be looked up among the records and merged with the jobs' needs. */
  readonly afterByJob?: Readonly<Record<string, readonly AfterReference[]>>;
}
