import type { JobHandle } from "@slipway/core";

/** Slurm's number of a job: its handle's id is `<ClusterName>.<number>`. `0`, which no job has, where it is no id of ours. */
export function nativeId({ id }: JobHandle): string {
  return /\.([1-9]\d{0,9})$/.exec(id)?.[1] ?? "0";
}

/** Jobs of this cluster, as far as its name is known: another's may have the same number. */
export function ownHandles(handles: readonly JobHandle[], clusterName: string | undefined): readonly JobHandle[] {
  return handles.filter(
    (handle) =>
      nativeId(handle) !== "0" && (clusterName === undefined || handle.id === `${clusterName}.${nativeId(handle)}`),
  );
}
