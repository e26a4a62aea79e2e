export { isKeptByShell, renderEnvironment } from "./environment.ts";
export { SbatchError } from "./error.ts";
export type { SbatchErrorCode } from "./error.ts";
export { parseEvidence } from "./evidence.ts";
export type {
  CancelRecord,
  CommandEnd,
  CommitRecord,
  EndRecord,
  GroupRecord,
  JobEvidence,
  ProcessIdentity,
} from "./evidence.ts";
export { judgeLocalJob } from "./judge.ts";
export type { Liveness } from "./judge.ts";
export { commandWords, renderJobScript } from "./script.ts";
export type { JobScriptOptions } from "./script.ts";
export * from "./slurm/index.ts";
