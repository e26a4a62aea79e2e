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
import { openTalk } from "./talk.ts";
import type { Talk } from "./talk.ts";
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
  const { digest } = bundle;
  if (!isDigest(digest)) throw new RangeError(`Not a digest: ${JSON.stringify(digest)}`);
  const intent = context.token === undefined ? "" : checkName("token", context.token);
  const look = () => lookFor(bundle, intent, context);
  const looked = await look();
  if ("instance" in looked) return looked;
  if (looked.found.lines.some(({ word, rest }) => word === "NEED" && rest === "trash")) {
    await looked.end();
    const restored = await takeBack(digest, context);
    if (restored) return restored;
  }
  return uploadBundle(bundle, looked, { ...context, look, enter: () => [...enter(context), digest, intent] });
}

/** A whole open instance, or what is needed to make one. */
async function lookFor(bundle: Bundle, intent: string, context: StoreContext & StageOptions): Promise<Staged | Talk> {
  const { digest, manifest } = bundle;
  const { transport, place, cache, onEvent, signal } = context;
  const top = String(countTopNames(manifest));
  const meanwhile = () => cache.expect(digest);
  const talk = await openTalk(transport, [...enter(context), digest, top, intent], { meanwhile, signal });
  throwFailure(talk.found, place);
  for (const { instance, problem } of damagedIn(talk.found)) {
    onEvent?.({ type: "store.damaged", digest, instance, problem });
  }
  const present = instanceIn(talk.found);
  if (present === undefined) return talk;
  onEvent?.({ type: "store.reused", digest, instance: present });
  await cache.keep(digest, manifest);
  const directory = instanceDirectory(place.root, present);
  return { digest, instance: present, directory, uploadedBytes: 0, reused: true };
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
