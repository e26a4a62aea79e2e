import { stripControlCharacters } from "@slipway/core";
import type { JobPlan } from "@slipway/core";
import { adviseSubmitError } from "@slipway/sbatch";

import type { ClusterPlace } from "./cluster-settings.ts";
import { SlurmExecutorError } from "./error.ts";
import { toolMissing } from "./remote.ts";
import type { Answer } from "./remote.ts";

export interface SubmitFailureContext {
  readonly plans: readonly JobPlan[];
  readonly place: ClusterPlace;
}

/** For whoever keeps records: all was taken back. */
const nothingSubmitted = { submitted: false } as const;

/** What a submission failed at, if it did. */
export function submitFailure(answer: Answer, { plans, place }: SubmitFailureContext): SlurmExecutorError | undefined {
  const failed = answer.sections.find(({ word }) => word === "FAIL");
  if (!failed) return undefined;
  const [step = "", first = "", ...rest] = failed.rest.split(" ");
  const plan = plans[Number(first)];
  const said = stripControlCharacters(answer.sections.find(({ word }) => word === "REASON")?.body ?? "").trim();
  switch (step) {
    case "tool":
      return toolMissing(place.host, first);
    case "refused":
      return refused(said, { plan, host: place.host });
    case "unreachable":
      return unreachable(said === "" ? answer.stderr : said, place);
    case "taken":
      return new SlurmExecutorError(
        "EXECUTOR_RUN_DIR_TAKEN",
        `The run directory of ${plan?.token ?? "the job"} belongs to ${rest.join(" ") || "something else"}: ${plan?.runDir ?? ""}`,
        { hint: "Submit it as another experiment", details: nothingSubmitted },
      );
    case "not_ended":
      return new SlurmExecutorError(
        "EXECUTOR_TRY_NOT_ENDED",
        `${rest[0] ?? "The try before"} has not ended: ${rest.slice(1).join(" ")}`,
        { hint: "Wait for its end, or cancel it; then try again" },
      );
    case "need_unknown":
      return new SlurmExecutorError(
        "EXECUTOR_DEPENDENCY_UNKNOWN",
        `Job ${plan?.job.name ?? ""} needs ${rest.join(" ")}, of which neither Slurm nor its own record tells the end`,
        { hint: "Submit both together, or take the dependency away", details: nothingSubmitted },
      );
    case "need_never":
      return new SlurmExecutorError(
        "EXECUTOR_DEPENDENCY_NEVER",
        `Job ${plan?.job.name ?? ""} would never start: ${rest.join(" ")} has not ended as it needs`,
        { hint: "Submit the other again, or take the dependency away", details: nothingSubmitted },
      );
    case "code":
      return new SlurmExecutorError(
        "EXECUTOR_CODE_GONE",
        `The code of ${plan?.token ?? "the job"} is no longer in the store: ${plan?.code.directory ?? ""}`,
        { hint: "Stage it again, and submit again", details: { ...nothingSubmitted, digest: plan?.code.digest } },
      );
    default:
      return notWritable(failed.rest.slice(step.length + 1), answer.stderr, place);
  }
}

function refused(
  said: string,
  { plan, host }: { readonly plan: JobPlan | undefined; readonly host: string },
): SlurmExecutorError {
  const advice = adviseSubmitError(said);
  const reason = advice.said.replace(/^Batch job submission failed: /, "");
  return new SlurmExecutorError(
    "EXECUTOR_SLURM_REFUSED",
    `Slurm on ${host} refused job ${plan?.job.name ?? ""}: ${reason === "" ? "it gave no reason" : reason}`,
    {
      hint: advice.hint ?? "None of the jobs was submitted. Change what the job asks for",
      details: { ...nothingSubmitted, said, kind: advice.kind },
    },
  );
}

export function unreachable(said: string, { host }: ClusterPlace): SlurmExecutorError {
  const advice = adviseSubmitError(said);
  return new SlurmExecutorError(
    "EXECUTOR_SLURM_UNREACHABLE",
    `Slurm on ${host} does not answer${advice.said === "" ? "" : `: ${advice.said}`}`,
    {
      hint: `Nothing is lost and nothing has started; do the same again when it is back. ${advice.hint ?? "See scontrol ping there"}`,
      ...(said !== "" && { cause: new Error(said) }),
    },
  );
}

const diskFull = /No space left on device|(?:Disk|Disc)? ?quota exceeded/i;

function notWritable(path: string, stderr: string, { host, jobDir }: ClusterPlace): SlurmExecutorError {
  const where = path === "" || path === "." ? jobDir : `${jobDir}/${path}`;
  const lines = stderr.split("\n");
  const full = lines.find((line) => diskFull.test(line));
  if (full !== undefined) {
    return new SlurmExecutorError("EXECUTOR_DISK_FULL", `No space left to write ${where} on ${host}: ${full}`, {
      hint: "Free space or inodes there (quota, `df -h`, `df -i`), or choose another job_dir",
      details: nothingSubmitted,
    });
  }
  return new SlurmExecutorError(
    "EXECUTOR_JOB_DIR_NOT_WRITABLE",
    `Cannot write ${where} on ${host}: ${lines.at(-1) ?? ""}`,
    {
      hint: "Is the job_dir there, yours, and on a file system that is mounted for writing? See `ls -ld` there",
      details: nothingSubmitted,
    },
  );
}
