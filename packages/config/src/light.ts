// What loads neither the YAML parser nor the schemas until there is a file to read.
export { ConfigError, formatDiagnostic } from "./error.ts";
export type { ConfigErrorCode, ConfigErrorOptions } from "./error.ts";
export { findCluster, listClusterNames } from "./find-cluster.ts";
export type { FindClusterOptions } from "./find-cluster.ts";
export { findProject } from "./find-project.ts";
export type { ConfigSource, FindProjectOptions, FoundProject } from "./find-project.ts";
export { parseAfter, parseArray, parseWarning, retriesForEach } from "./job-text.ts";
export type { AfterReference } from "./job-text.ts";
export { repeatJobs } from "./repeat.ts";
export type { Repeats } from "./repeat.ts";
export { parseBytes, parseDuration, parseMemoryMiB } from "./units.ts";
