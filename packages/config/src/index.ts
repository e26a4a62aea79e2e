export { parseCluster } from "./cluster.ts";
export type {
  CleanSettings,
  ClusterConfig,
  ContainerRuntime,
  EnvironmentRule,
  Mount,
  SshTarget,
} from "./cluster-config.ts";
export type { ConfigKind } from "./config-kind.ts";
export { experimentFromValue, parseExperiment } from "./experiment.ts";
export type { ParseExperimentOptions } from "./experiment.ts";
export type { ExperimentConfig } from "./experiment-config.ts";
export { invalidExecutorOptions } from "./executor-options.ts";
export type {
  CommandKeys,
  ContainerKeys,
  ExperimentFile,
  JobFile,
  MemberFile,
  ResourceKeys,
  RetriesFile,
  SharedKeys,
} from "./experiment-schema.ts";
export { explainConfig } from "./explain.ts";
export type { ExplainedValue } from "./explain.ts";
export { configSchema } from "./json-schema.ts";
export * from "./light.ts";
export { parseProject } from "./project.ts";
export type { ProjectConfig } from "./project-config.ts";
export type { Environment } from "./variables.ts";
