/** A folder of NeMo-Run: its home (`~/.nemo_run`, experiments below `experiments`), or a job_dir on a cluster. */
export interface NemoInventory {
  readonly host: string;
  /** Absolute. */
  readonly directory: string;
  readonly layout: "home" | "job_dir";
  readonly experiments: readonly NemoExperiment[];
  /** Lines of the home's `.slurm_jobs`: `<job id> = <logs>,<folder>,<kind of tunnel>,<tunnel>`. */
  readonly submissions: readonly string[];
  /** Command lines of the host's processes. */
  readonly processes: readonly string[];
  readonly queue: NemoQueue;
}

export interface NemoExperiment {
  /** Below the directory: `experiments/<title>/<title>_<time>`. */
  readonly path: string;
  /** `<title>_<time in ns>`: no other has it. */
  readonly id: string;
  /** Whether it holds a script for sbatch. */
  readonly isSlurm: boolean;
  /** Since anything in it was written, its code apart. */
  readonly ageSeconds: number;
  /** Copies of its code: extracted, and as archives. */
  readonly copies: readonly NemoCopy[];
  /** Where its code is not a copy: what the link holds. */
  readonly links: readonly string[];
}

export interface NemoCopy {
  /** Below the directory. */
  readonly path: string;
  readonly bytes: number;
  readonly inodes: number;
  /** Why it may hold more than code; absent when it does not. */
  readonly doubt?: string;
}

/** What squeue says of the user's jobs, asked last. `absent`: the host has no Slurm. */
export type NemoQueue =
  | { readonly kind: "silent"; readonly why: string }
  | { readonly kind: "absent" }
  /** Rows: number, id, state, command, folder. */
  | { readonly kind: "answered"; readonly rows: readonly string[] };
