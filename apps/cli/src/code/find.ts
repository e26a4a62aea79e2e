import { existsSync } from "node:fs";

import { isSlipwayError } from "@slipway/core";
import type { Bundle, CodeSource, Digest, ExperimentRecord, Manifest, Transport } from "@slipway/core";

import { findClusterConfig, openClusterTransport } from "../cluster/open.ts";
import { homeDirectory } from "../compose.ts";
import type { Context } from "../context.ts";
import { CliError } from "../error.ts";
import { packRecordedCommit } from "./commit.ts";
import { findStoredCode } from "./stored.ts";
import type { StoredCode } from "./stored.ts";

/** The exact code of an earlier run, where it still is. */
export type FoundCode = AsyncDisposable & {
  readonly manifest: Manifest;
  /** In words: `the store of dgx`. */
  readonly where: string;
} & (
    | { readonly kind: "stored"; readonly stored: StoredCode; readonly isLocal: boolean }
    /** Made again of the recorded commit and patch, with the same digest. */
    | { readonly kind: "packed"; readonly bundle: Bundle }
  );

/**
 * Looks in the store where the code will be used, if there is one, in that of the run's cluster, in the local one, and for its commit.
 * Throws CLI_CODE_GONE with what would bring it back.
 */
export async function findRecordedCode(
  record: ExperimentRecord,
  context: Context,
  onto?: ClusterReference,
): Promise<FoundCode> {
  const looked: string[] = [];
  for (const place of placesOf(record, onto)) {
    const found = await lookIn(place, record.code.digest, context).catch((error: unknown) => {
      if (!isSlipwayError(error) || place.isLocal) throw error;
      looked.push(`${place.name} (${error.message})`);
      return undefined;
    });
    if (found) return found;
    if (!looked.some((each) => each.startsWith(place.name))) looked.push(place.name);
  }
  const packed = await packRecordedCommit(record, context);
  if (typeof packed !== "string") {
    const { bundle } = packed;
    const where = `commit ${(record.code.commit ?? "").slice(0, 10)}${record.code.dirty ? " and its patch" : ""}`;
    const { manifest } = bundle;
    return { kind: "packed", bundle, manifest, where, [Symbol.asyncDispose]: () => packed[Symbol.asyncDispose]() };
  }
  const { id, code } = record;
  throw new CliError(
    "CLI_CODE_GONE",
    `The code of ${id} (${code.digest.slice(0, 12)}) is gone: not in ${looked.join(", nor in ")}`,
    {
      hint: `It cannot be made again: ${packed}`,
      details: { digest: code.digest, commit: code.commit },
    },
  );
}

/** Where the record's code comes from, for another record. */
export function sourceOf({ code }: ExperimentRecord): CodeSource {
  const {
    digest: _digest,
    bytes: _bytes,
    files: _files,
    directory: _directory,
    uploadedBytes: _sent,
    ...source
  } = code;
  return source;
}

export type ClusterReference = Pick<ExperimentRecord, "cluster"> & { readonly clusterFile?: string | undefined };

interface Place {
  readonly name: string;
  readonly cluster: ClusterReference;
  readonly isLocal: boolean;
}

function placesOf(record: ExperimentRecord, onto: ClusterReference = record): readonly Place[] {
  const clusters = new Map([onto, record, { cluster: "local" }].map((each) => [each.cluster, each]));
  return [...clusters.values()].map((cluster) => {
    const isLocal = cluster.cluster === "local";
    return { name: isLocal ? "the local store" : `the store of ${cluster.cluster}`, cluster, isLocal };
  });
}

async function lookIn(
  { name, cluster, isLocal }: Place,
  digest: Digest,
  context: Context,
): Promise<FoundCode | undefined> {
  const opened = isLocal ? await openLocal(context) : await openRemote(cluster, context);
  if (!opened) return undefined;
  const { transport, root } = opened;
  try {
    const stored = await findStoredCode(digest, { transport, root }, context);
    if (stored) {
      const { manifest } = stored;
      const dispose = () => transport[Symbol.asyncDispose]();
      return { kind: "stored", stored, isLocal, manifest, where: name, [Symbol.asyncDispose]: dispose };
    }
  } catch (error) {
    await transport[Symbol.asyncDispose]();
    throw error;
  }
  await transport[Symbol.asyncDispose]();
  return undefined;
}

interface OpenStore {
  readonly transport: Transport;
  readonly root: string;
}

async function openLocal(context: Context): Promise<OpenStore> {
  const { openLocalTransport } = await import("@slipway/transport-local");
  return { transport: openLocalTransport({ env: context.env }), root: homeDirectory(context) };
}

/** Undefined for a cluster without a store of its own: a file may say that it is this machine. */
async function openRemote(
  { cluster, clusterFile }: ClusterReference,
  context: Context,
): Promise<OpenStore | undefined> {
  const file = clusterFile !== undefined && existsSync(clusterFile) ? clusterFile : undefined;
  const config = await findClusterConfig(file ?? cluster, context);
  if (config.jobDir === undefined) return undefined;
  return { transport: await openClusterTransport(config, context), root: config.jobDir };
}
