import { isDigest } from "@slipway/core";
import type { Bundle, Digest, Transport } from "@slipway/core";

import { askHost } from "./answer.ts";
import type { Answer } from "./answer.ts";
import type { Staged, StageOptions, StoreEvent } from "./code-store.ts";
import { throwFailure } from "./failure.ts";
import type { Place } from "./failure.ts";
import { digestOfInstance, instanceDirectory } from "./instances.ts";
import type { ManifestCache } from "./manifest-cache.ts";
import { checkName } from "./names.ts";
import { countTopNames } from "./paths.ts";
import { uploadBundle } from "./upload.ts";

export interface StoreContext {
  readonly transport: Transport;
  readonly place: Place;
  readonly clusterName: string;
  readonly nonce: () => string;
  readonly cache: ManifestCache;
  readonly onEvent?: ((event: StoreEvent) => void) | undefined;
}

/** Finds a whole open instance, with the intent taken, or uploads one that has the intent in it from its first moment. */
export async function stageBundle(bundle: Bundle, context: StoreContext & StageOptions): Promise<Staged> {
  const { digest, manifest } = bundle;
  const { transport, place, token, cache, onEvent, signal } = context;
  if (!isDigest(digest)) throw new RangeError(`Not a digest: ${JSON.stringify(digest)}`);
  const intent = token === undefined ? "" : checkName("token", token);
  const top = String(countTopNames(manifest));
  const found = await askHost(transport, "find", [...enter(context), digest, top, intent], { signal });
  throwFailure(found, place);
  for (const { instance, problem } of damagedIn(found)) {
    onEvent?.({ type: "store.damaged", digest, instance, problem });
  }
  const present = instanceIn(found);
  if (present !== undefined) {
    onEvent?.({ type: "store.reused", digest, instance: present });
    await cache.keep(digest, manifest);
    const directory = instanceDirectory(place.root, present);
    return { digest, instance: present, directory, uploadedBytes: 0, reused: true };
  }

  if (found.lines.some(({ word, rest }) => word === "NEED" && rest === "trash")) {
    const restored = await takeBack(digest, context);
    if (restored) return restored;
  }
  return uploadBundle(bundle, found, { ...context, intent, enter: () => enter(context) });
}

/** Makes a new instance from the code of a closed one; undefined when none in the trash is whole. */
export async function takeBack(digest: Digest, context: StoreContext & StageOptions): Promise<Staged | undefined> {
  const { transport, place, token, onEvent, signal } = context;
  if (!isDigest(digest)) throw new RangeError(`Not a digest: ${JSON.stringify(digest)}`);
  const intent = token === undefined ? "" : checkName("token", token);
  const answer = await askHost(transport, "restore", [...enter(context), digest, intent], { signal });
  throwFailure(answer, place);
  const instance = instanceIn(answer);
  if (instance === undefined) return undefined;
  onEvent?.({ type: "store.restored", digest, instance });
  return { digest, instance, directory: instanceDirectory(place.root, instance), uploadedBytes: 0, reused: true };
}

/** What the `enter` part of a snippet needs. */
function enter({ place, nonce, clusterName }: StoreContext): readonly string[] {
  return [place.root, nonce(), JSON.stringify({ version: 1, clusterName }), clusterName];
}

function instanceIn({ lines }: Answer): string | undefined {
  const name = lines.find(({ word }) => word === "HAVE")?.rest;
  return name !== undefined && digestOfInstance(name) !== undefined ? name : undefined;
}

function damagedIn({ lines }: Answer): readonly { readonly instance: string; readonly problem: string }[] {
  return lines
    .filter(({ word }) => word === "DAMAGED")
    .map(({ rest }) => ({ instance: rest.split(" ", 1)[0] ?? "", problem: rest.slice(rest.indexOf(" ") + 1) }));
}
