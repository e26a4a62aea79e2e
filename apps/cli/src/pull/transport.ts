import { existsSync } from "node:fs";

import type { ExperimentRecord, Transport } from "@slipway/core";

import { findClusterConfig, openClusterTransport } from "../cluster/open.ts";
import type { Context } from "../context.ts";

/** To the host that an experiment ran on. */
export async function openRecordTransport(
  { cluster, clusterFile }: ExperimentRecord,
  context: Context,
): Promise<Transport> {
  if (cluster === "local" && clusterFile === undefined) {
    const { openLocalTransport } = await import("@slipway/transport-local");
    return openLocalTransport({ env: context.env });
  }
  const file = clusterFile !== undefined && existsSync(clusterFile) ? clusterFile : cluster;
  return openClusterTransport(await findClusterConfig(file, context), context);
}
