export { LocalExecutorError } from "./error.ts";
export type { LocalExecutorErrorCode } from "./error.ts";
export { createLocalExecutor } from "./executor.ts";
export type { LocalExecutorEvent, LocalExecutorOptions } from "./executor.ts";
