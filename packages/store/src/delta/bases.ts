import type { Digest, Manifest, Transport } from "@slipway/core";
import { isDigest } from "@slipway/core";

import { newTag } from "../answer.ts";
import type { Place } from "../failure.ts";
import { digestOfInstance } from "../instances.ts";
import { readManifest } from "../manifest-cache.ts";
import type { ManifestCache } from "../manifest-cache.ts";
import { unpackGzip } from "../packing.ts";
import { renderSnippet } from "../snippets.ts";
import { planDelta } from "./plan.ts";
import type { Base, DeltaPlan } from "./plan.ts";

export interface BaseSource {
  readonly transport: Transport;
  readonly place: Place;
  readonly cache: ManifestCache;
  /** Whether the host can pack with gzip, where packing makes sense. */
  readonly packs: boolean;
  /** Called each time before a command is run. */
  readonly beforeAsking: () => Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

const mostBases = 3;
const mostAsked = 2;
/** A smaller bundle is sent sooner than another's manifest is asked for. */
const leastBytesToAsk = 262_144;
/** A part of the bytes that is sent sooner than what else is there is compared. */
const smallPart = 0.02;

/** What of a bundle must be sent to a store with these instances; undefined when that is about all of it. */
export async function findDelta(
  wanted: Manifest,
  instances: readonly string[],
  source: BaseSource,
): Promise<DeltaPlan | undefined> {
  const known: Base[] = [];
  const unknown: string[] = [];
  let plan: DeltaPlan | undefined;
  for (const instance of instances) {
    const manifest = known.length < mostBases ? await source.cache.read(digestOf(instance)) : undefined;
    if (!manifest) {
      unknown.push(instance);
      continue;
    }
    known.push({ instance, manifest });
    plan = planDelta(wanted, known);
    if (plan && plan.sentBytes < smallPart * wanted.bytes) return plan;
  }
  if (wanted.bytes < leastBytesToAsk) return plan;
  for (const instance of unknown.slice(0, mostAsked)) {
    if (plan) break;
    const manifest = await fetchManifest(instance, source);
    if (manifest) known.push({ instance, manifest });
    plan = planDelta(wanted, known);
  }
  return plan;
}

/** Asks for the manifest of an instance; undefined when that is not what its digest names, or not there any more. */
async function fetchManifest(instance: string, source: BaseSource): Promise<Manifest | undefined> {
  const { transport, place, cache, packs, beforeAsking, signal } = source;
  await beforeAsking();
  const tag = newTag();
  const packing = packs ? "gzip" : "none";
  const argv = ["sh", "-c", renderSnippet("manifest"), "sh", tag, place.root, instance, packing];
  const { stdout } = await transport.exec(argv, { signal });
  const bytes = Buffer.from(stdout);
  const mark = `\n${tag} MANIFEST\n`;
  const position = bytes.indexOf(mark);
  if (position < 0) return undefined;
  const content = bytes.subarray(position + mark.length);
  const text = packs ? unpackGzip(content) : content;
  const digest = digestOf(instance);
  const manifest = text && readManifest(digest, text);
  if (manifest) await cache.keep(digest, manifest);
  return manifest;
}

function digestOf(instance: string): Digest {
  const digest = digestOfInstance(instance) ?? "";
  if (!isDigest(digest)) throw new Error(`Not an instance: ${instance}`);
  return digest;
}
