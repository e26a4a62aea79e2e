export type { Bundle, CodeSource, Companion, CompanionSource, TarOptions } from "./bundle.ts";
export { systemClock } from "./clock.ts";
export type { Clock } from "./clock.ts";
export { defineExecutor, definitionProblem, executorProblem } from "./define-executor.ts";
export type {
  ExecutorDefinition,
  ExecutorOpening,
  OptionsIssue,
  OptionsResult,
  OptionsSchema,
} from "./define-executor.ts";
export { isSlipwayError, SlipwayError } from "./error.ts";
export type { Diagnostic, SlipwayErrorOptions } from "./error.ts";
export type { Event, EventListener } from "./event.ts";
export type {
  CallOptions,
  CancelOptions,
  Executor,
  FoundExperiment,
  JobHandle,
  JobId,
  JobPlan,
  LogChunk,
  LogOptions,
  PlanContext,
  PlannedFile,
  StagedCode,
  SubmitOptions,
} from "./executor.ts";
export { jobOf } from "./experiment.ts";
export type {
  Experiment,
  ExperimentRecord,
  RecordedCode,
  RecordedJob,
  RecordedTry,
  SubmissionPhase,
} from "./experiment.ts";
export { isEnvironmentName, isJobName } from "./job.ts";
export type {
  ArrayElement,
  Command,
  Dependency,
  DependencyType,
  GroupMember,
  Job,
  JobArray,
  Launcher,
  Resources,
  Retries,
  RetryBudget,
  WarningSignal,
} from "./job.ts";
export { makeFolder } from "./make-folder.ts";
export {
  createManifest,
  isDigest,
  manifestDigest,
  ManifestSyntaxError,
  parseManifest,
  renderManifest,
} from "./manifest.ts";
export type { Digest, FileEntry, Manifest, ManifestEntry, SymlinkEntry } from "./manifest.ts";
export { orderByNeeds } from "./order.ts";
export type { NamedNeeds, Ordered } from "./order.ts";
export { quoteCommand, quoteShell } from "./shell.ts";
export { isFinalState, jobStates } from "./state.ts";
export type { Evidence, JobState, JobStatus, MemberStatus } from "./state.ts";
export { nearest, stripControlCharacters, stripUrlCredentials } from "./text.ts";
export type { ExecOptions, ExecResult, Input, Transport } from "./transport.ts";
