import { adviseSubmitError, explainReason } from "@slipway/sbatch";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

describe("a reason to wait", () => {
  test.each([
    ["Priority", "wait", "Jobs with a higher priority are before this one."],
    ["Resources", "wait", "It is next, as soon as enough nodes, CPUs, memory or GPUs are free."],
    ["BeginTime", "wait", "Its earliest time to begin has not come; after a requeue that takes about two minutes."],
    ["JobHeldUser", "act", "The job is held by its user."],
    ["job requeued in held state", "act", "The job was put back in the queue and is held."],
    ["job_requeued_in_held_state", "act", "The job was put back in the queue and is held."],
    ["DependencyNeverSatisfied", "never", "A job that it needs did not end as it had to, so that it will never start."],
    [
      "ReqNodeNotAvail, Reserved for maintenance",
      "wait",
      "The nodes are reserved for maintenance before this job could end.",
    ],
    ["ReqNodeNotAvail, UnavailableNodes:n[1-2]", "wait", "Nodes that this job needs are down, drained or reserved."],
    [
      "Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions",
      "wait",
      "Nodes that this job needs are down, drained or kept for jobs with a higher priority.",
    ],
    [
      "QOSGrpGRES",
      "wait",
      "The limit that its QOS sets on GPUs or other generic resources is reached by the jobs that share it; it starts when others have ended.",
    ],
    [
      "QOSMaxJobsPerUserLimit",
      "wait",
      "The limit that its QOS sets on running jobs is reached by your jobs; it starts when others have ended.",
    ],
    [
      "AssocGrpCPURunMinutesLimit",
      "wait",
      "The limit that its account sets on minutes of CPUs is reached by the jobs that share it; it starts when others have ended.",
    ],
    [
      "AssociationJobLimit",
      "wait",
      "The limit that its account sets on running jobs is reached by the jobs that share it; it starts when others have ended.",
    ],
    [
      "MaxGRESPerAccount",
      "wait",
      "The limit that the account sets on GPUs or other generic resources is reached by the jobs that share it; it starts when others have ended.",
    ],
    ["QOSMaxWallDurationPerJobLimit", "never", "It asks for more run time than its QOS allows for one job."],
    ["AssocMaxMemPerNode", "never", "It asks for more memory than its account allows for one node."],
    ["QOSMinCpuNotSatisfied", "never", "It asks for less than its QOS demands of CPUs."],
    ["PartitionTimeLimit", "never", "Its time limit is longer than its partition allows."],
  ])("%s", (reason, outlook, text) => {
    expect(explainReason(reason)).toMatchObject({ outlook, text });
  });

  test.each(["None", "", "FluxCapacitor", "NonZeroExitCode", "constructor"])("that is none: %j", (reason) => {
    expect(explainReason(reason)).toBe(undefined);
  });
});

describe("what sbatch says when it refuses", () => {
  const submission = (text: string) => `sbatch: error: Batch job submission failed: ${text}\n`;

  test.each([
    ["Invalid partition name specified", "request", "Name a partition that the cluster has: slipway nodes lists them"],
    [
      "Invalid account or account/partition combination specified",
      "request",
      "Name an account that you may use in this partition: sacctmgr show associations user=$USER lists them",
    ],
    [
      "Invalid qos specification",
      "request",
      "Name a QOS that your account may use: sacctmgr show associations user=$USER format=account,qos lists them",
    ],
    [
      "Requested time limit is invalid (missing or exceeds some limit)",
      "request",
      "Ask for a time limit that the partition and the QOS allow (slipway nodes shows it)",
    ],
    ["Memory required by task is not available", "request", "No node has as much memory: ask for less"],
    [
      "Requested node configuration is not available",
      "request",
      "No node of the partition has all of what was asked for: fewer GPUs, CPUs or less memory, or another partition",
    ],
    [
      "Invalid job array specification",
      "request",
      "The array has too many or wrong indices: they stay below the cluster's MaxArraySize",
    ],
    ["Job dependency problem", "request", "A job that this one needs is not known to Slurm any more"],
    [
      "Invalid generic resource (gres) specification",
      "request",
      "The cluster has no such GPUs: set disable_gpus_per_node, or ask for them as slipway nodes shows them",
    ],
    [
      "Socket timed out on send/recv operation",
      "unreachable",
      "Slurm's controller does not answer; nothing is sent twice when you run the same again",
    ],
    [
      "Unable to contact slurm controller (connect failure)",
      "unreachable",
      "Slurm's controller does not answer; nothing is sent twice when you run the same again",
    ],
    ["Rate limit exceeded, please retry later", "busy", "Try again in a few minutes"],
    ["Partition in DOWN state", "busy", "The cluster takes no such jobs now: wait, or choose another partition"],
  ])("%s", (said, kind, hint) => {
    expect(adviseSubmitError(submission(said))).toEqual({ kind, hint, said: `Batch job submission failed: ${said}` });
  });

  test("the limit that it names before the refusal counts", () => {
    const refused = submission("Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)");
    const kinds = [
      "QOSMaxSubmitJobPerUserLimit",
      "QOSMaxWallDurationPerJobLimit",
      "AssocMaxGRESPerJob",
      "AssocGrpCpuLimit",
    ].map((limit) => adviseSubmitError(`sbatch: error: ${limit}\n${refused}`).kind);
    expect(kinds).toEqual(["limit", "request", "request", "limit"]);
  });

  test("munge is named where it is munge", () => {
    const text =
      'sbatch: error: If munged is up, restart with --num-threads=10\nsbatch: error: Munge encode failed: Failed to access "/run/munge": No such file or directory (Did you start munged?)\nsbatch: error: Batch job submission failed: Protocol authentication error\n';
    expect(adviseSubmitError(text)).toEqual({
      kind: "unreachable",
      said: "Batch job submission failed: Protocol authentication error",
      hint: "munge, with which Slurm knows its users, does not work there: tell the people who run the cluster",
    });
  });

  test.each([
    ["slurm_load_jobs error: Invalid job id specified", "unknown_job"],
    ["scancel: error: Kill job error on job id 2083: Access/permission denied", "request"],
    ["Requested operation is presently disabled for job 324", "request"],
    ["sacct: error: Problem talking to the database: Connection refused", "unreachable"],
    ["sbatch: error: Invalid directive found in batch script: foo", "request"],
    ["bash: line 1: sbatch: command not found", "other"],
    ["sh: 1: sbatch: not found", "other"],
    ["something else", "other"],
    ["", "other"],
  ])("%j", (text, kind) => {
    expect(adviseSubmitError(text).kind).toBe(kind);
  });

  test("is printable, whatever it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        // oxlint-disable-next-line no-control-regex
        expect(adviseSubmitError(text).said).not.toMatch(/[\u0000-\u0008\u001b]/);
        expect(explainReason(text)?.outlook ?? "none").toMatch(/^(?:none|wait|act|never)$/);
      }),
    );
  });
});
