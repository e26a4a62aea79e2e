import { unreadableOutput } from "./text.ts";

export interface SubmittedJob {
  readonly id: string;
  /** Named only where the submission named clusters. */
  readonly cluster?: string;
}

/**
 * Reads `sbatch --parsable`: `ID` or `ID;CLUSTER`, and nothing beside it. Throws SBATCH_UNREADABLE_OUTPUT; then look for the job by its
 * token before you submit again: it may be there.
 */
export function parseSubmittedJob(stdout: string): SubmittedJob {
  const [, id, cluster] = /^\s*([1-9]\d{0,9})(?:;([A-Za-z0-9_.-]{1,255}))?\s*$/.exec(stdout) ?? [];
  if (id === undefined) throw unreadableOutput("sbatch", stdout);
  return { id, ...(cluster !== undefined && { cluster }) };
}

/** `22.05.8` of `slurm-wlm 22.05.8` (`sbatch --version`), as release and patch. Throws SBATCH_UNREADABLE_OUTPUT. */
export function parseSlurmVersion(stdout: string): string {
  const version = /\b(\d\d\.\d\d)(?:\.(\d{1,3}))?/.exec(stdout)?.[0];
  if (version === undefined) throw unreadableOutput("sbatch --version", stdout);
  return version;
}
