export type { Bundle, CodeSource, Companion, CompanionSource, TarOptions } from "./bundle.ts";
export { systemClock } from "./clock.ts";
export type { Clock } from "./clock.ts";
export { isSlipwayError, SlipwayError } from "./error.ts";
export type { Diagnostic, SlipwayErrorOptions } from "./error.ts";
export type { Event, EventListener } from "./event.ts";
export type {
  CallOptions,
  CancelOptions,
  Executor,
  JobHandle,
  JobId,
  JobPlan,
  LogChunk,
  LogOptions,
  PlanContext,
  PlannedFile,
  StagedCode,
} from "./executor.ts";
export type { Experiment, ExperimentRecord, RecordedCode, RecordedJob, SubmissionPhase } from "./experiment.ts";
export { isEnvironmentName, isJobName } from "./job.ts";
export type { Command, Dependency, DependencyType, Job, Resources } from "./job.ts";
export {
  createManifest,
  isDigest,
  manifestDigest,
  ManifestSyntaxError,
  parseManifest,
  renderManifest,
} from "./manifest.ts";
export type { Digest, FileEntry, Manifest, ManifestEntry, SymlinkEntry } from "./manifest.ts";
export { quoteCommand, quoteShell } from "./shell.ts";
export { isFinalState, jobStates } from "./state.ts";
export type { Evidence, JobState, JobStatus } from "./state.ts";
export { nearest, stripControlCharacters, stripUrlCredentials } from "./text.ts";
export type { ExecOptions, ExecResult, Input, Transport } from "./transport.ts";
