export { combineMembers } from "./combine.ts";
export { parseSlurmDuration, renderSlurmDuration } from "./duration.ts";
export { commitFile, elementCancelFile, isCommitFile, memberPrefix, parseSlurmCommit } from "./evidence.ts";
export type { SlurmCommit } from "./evidence.ts";
export { parseSlurmExitCode } from "./exit-code.ts";
export type { SlurmExitCode } from "./exit-code.ts";
export { parseArraySpec, parseSlurmJobId } from "./job-id.ts";
export type { ArraySpec, IndexRange, PendingIndices, SlurmJobId } from "./job-id.ts";
export { judgeSlurmJob } from "./judge.ts";
export type { SlurmAnswer, SlurmJobEvidence } from "./judge.ts";
export { parseSacct } from "./sacct.ts";
export type { AccountingRow } from "./sacct.ts";
export { parseScontrolConfig, parseScontrolJobs, parseScontrolPing } from "./scontrol.ts";
export type { Controller, ShownJob } from "./scontrol.ts";
export { parseSinfo } from "./sinfo.ts";
export type { PartitionRow } from "./sinfo.ts";
export { parseSqueue } from "./squeue.ts";
export type { QueueRow } from "./squeue.ts";
export { parseSlurmState, slurmStates } from "./states.ts";
export type { SlurmPhase, SlurmState, SlurmStateFacts, SlurmStateName } from "./states.ts";
export { parseSlurmVersion, parseSubmittedJob } from "./submission.ts";
export type { SubmittedJob } from "./submission.ts";
export type { SlurmTable } from "./text.ts";
export type { ContainerRuntime, ContainerSettings } from "./container.ts";
export { renderArraySpec } from "./array.ts";
export { renderDirective } from "./directives.ts";
export type { SlurmOptions, SlurmOptionValue } from "./directives.ts";
export { mayRequeue } from "./request.ts";
export type { SlurmSettings } from "./request.ts";
export { elementsFile } from "./command-text.ts";
export { renderElements, renderSbatchScript } from "./script.ts";
export type { SbatchScriptOptions } from "./script.ts";
export { checkSlurmOptions, slurmOptions } from "./options.ts";
export type { CheckOptions, SlurmOptionFacts, SlurmOptionProblem, SlurmOptionType } from "./options.ts";
export { adviseSubmitError } from "./advice.ts";
export type { SlurmAdvice } from "./advice.ts";
export {
  jobNameOf,
  sacctByNameCommand,
  sacctCommand,
  sbatchCommand,
  scancelCommand,
  scontrolCommands,
  sinfoCommand,
  squeueByNameCommand,
  squeueCommand,
} from "./commands.ts";
export type { SlurmDependency, SubmitOptions } from "./commands.ts";
export { explainReason } from "./reason.ts";
export type { ExplainedReason } from "./reason.ts";
export { sbatchScriptName } from "./wrapper.ts";
