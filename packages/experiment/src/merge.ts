import type { ExperimentRecord, FoundExperiment, RecordedJob } from "@slipway/core";

/** The record with the jobs' ids that it lacks, and with the tries that are newer than its own; the record itself where it lacks nothing. */
export function mergeFound(record: ExperimentRecord, { record: there, handles }: FoundExperiment): ExperimentRecord {
  const jobs = record.jobs.map((job): RecordedJob => {
    const other = there.jobs.find(({ name }) => name === job.name);
    const handle = other?.handle ?? handles.find((each) => each.job === job.name);
    if (!other || !handle) return job;
    const isNewer = tryOf(other) > tryOf(job);
    if (!isNewer && (job.handle !== undefined || other.token !== job.token)) return job;
    const { earlierTries } = other;
    return { ...job, token: other.token, handle, ...(isNewer && earlierTries && { earlierTries }) };
  });
  const hasAll = jobs.every(({ handle }) => handle !== undefined);
  const phase = hasAll && there.phase === "submitted" ? "submitted" : record.phase;
  const isSame = phase === record.phase && jobs.every((job, index) => job === record.jobs[index]);
  return isSame ? record : { ...record, phase, jobs };
}

/** `<experiment>.<job>.<try>` */
function tryOf({ token }: RecordedJob): number {
  return Number(token.slice(token.lastIndexOf(".") + 1)) || 0;
}
