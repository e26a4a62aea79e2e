import type { JobHandle } from "@slipway/core";

/** Slurm's number of a job: its handle's id is `<ClusterName>.<number>`. `0`, which no job has, where it is no id of ours. */
export function nativeId({ id }: JobHandle): string {
  return /\.([1-9]\d{0,9})$/.exec(id)?.[1] ?? "0";
}

function clusterOf({ id }: JobHandle): string {
  return id.slice(0, Math.max(0, id.lastIndexOf(".")));
}
