export { addAfter } from "./after.ts";
export type { After, AfterOptions } from "./after.ts";
export { completeSubmission, takeBackSubmission } from "./complete.ts";
export type { CompleteOptions } from "./complete.ts";
export { defineExperiment } from "./define.ts";
export type { DefinedExperiment } from "./define.ts";
export { dependentsOf } from "./dependents.ts";
export type { Dependents } from "./dependents.ts";
export { ExperimentError } from "./error.ts";
export type { ExperimentErrorCode } from "./error.ts";
export { findExperiment } from "./find.ts";
export type { Found } from "./find.ts";
export { orderJobs } from "./graph.ts";
export { createExperimentId } from "./id.ts";
export { jobRecordFile, withJobRecord } from "./job-record.ts";
export type { JobAttempt, JobRecord, JobRecordCode } from "./job-record.ts";
export { jobOutput, mergedOutput, outputSources } from "./logs.ts";
export type { JobOutput, OutputOptions, OutputSource } from "./logs.ts";
export { planExperiment } from "./plan.ts";
export type { PlanOptions } from "./plan.ts";
export { createRecordStore } from "./records.ts";
export type { RecordChange, RecordStore, UnreadableRecord } from "./records.ts";
export { planRerun } from "./rerun.ts";
export type { RerunOptions } from "./rerun.ts";
export { splitArrays } from "./split-arrays.ts";
export {
  combineStates,
  followExperiment,
  isSettled,
  jobHandles,
  pollExperiments,
  waitForExperiment,
} from "./status.ts";
export type { ExperimentStatus, FollowOptions, NamedJobStatus, StatusOptions } from "./status.ts";
export { adoptSubmissions } from "./submission.ts";
export type { AdoptOptions, Submission } from "./submission.ts";
export { rememberEnds } from "./remember.ts";
export type { RememberOptions } from "./remember.ts";
export { submitExperiment } from "./submit.ts";
export type { ExperimentEvent, SubmitOptions } from "./submit.ts";
export { syncRecords } from "./sync.ts";
export type { SyncOptions, SyncResult } from "./sync.ts";
