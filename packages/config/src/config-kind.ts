/** `slipway.yaml` and the user's `config.yaml`; a file of `cluster_configs`; jobs to run. */
export type ConfigKind = "project" | "cluster" | "experiment";
