export type { ClusterSettings } from "./cluster-settings.ts";
export { SlurmExecutorError } from "./error.ts";
export type { SlurmExecutorErrorCode } from "./error.ts";
export { createSlurmExecutor } from "./executor.ts";
export type { SlurmExecutor, SlurmExecutorEvent, SlurmExecutorOptions } from "./executor.ts";
