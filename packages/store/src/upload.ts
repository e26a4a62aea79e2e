import type { Bundle, ManifestEntry } from "@slipway/core";

import { askHost } from "./answer.ts";
import type { Answer } from "./answer.ts";
import type { Staged, StageOptions } from "./code-store.ts";
import { findDelta } from "./delta/bases.ts";
import type { DeltaPlan } from "./delta/plan.ts";
import { renderDelta } from "./delta/render.ts";
import { describeProblems, isDiskFull, throwFailure } from "./failure.ts";
import { frameStream } from "./frames.ts";
import { digestOfInstance, instanceDirectory } from "./instances.ts";
import { manifestText } from "./manifest-text.ts";
import { choosePacking, packStream } from "./packing.ts";
import type { Packing } from "./packing.ts";
import { checkPaths, latin1 } from "./paths.ts";
import { tarBytes, tellProgress } from "./progress.ts";
import type { StoreContext } from "./stage.ts";
import { countBytes } from "./stream.ts";
import type { Talk } from "./talk.ts";

export interface UploadContext extends StoreContext, StageOptions {
  /** What every snippet that makes something begins with; never the same twice. */
  readonly enter: () => readonly string[];
  /** Looks once more. */
  readonly look: () => Promise<Staged | Talk>;
}

/** What the host said of itself when it had no such code. */
interface Survey {
  readonly packing: Packing;
  readonly tools: readonly string[];
  /** The newest open instances. */
  readonly instances: readonly string[];
}

/** Sends what the store has not, or all in a command of its own when that turns out wrong; resolves when the bundle is there. */
export async function uploadBundle(bundle: Bundle, first: Talk, context: UploadContext): Promise<Staged> {
  const { digest, manifest } = bundle;
  const { place, onEvent, signal, cache } = context;
  let talk: Talk = first;
  try {
    checkPaths(manifest);
    signal?.throwIfAborted();
    const survey = readSurvey(talk.found, place.host);
    const packs = survey.packing.name !== "none" && survey.tools.includes("gzip");
    const beforeAsking = () => talk.end();
    const plan = await findDelta(manifest, survey.instances, { ...context, packs, beforeAsking });
    if (!talk.isOpen()) {
      const looked = await context.look();
      if ("instance" in looked) return looked; // Somebody else was faster.
      talk = looked;
    }
    const delta = plan && (await uploadDelta(bundle, plan, survey, { ...context, talk }));
    const made = delta ?? (await uploadAll(bundle, survey, { ...context, talk }));
    await cache.keep(digest, manifest);
    onEvent?.({ type: "store.staged", digest, ...made });
    return { digest, ...made, directory: instanceDirectory(place.root, made.instance), reused: false };
  } finally {
    await talk.end();
  }
}

interface Made {
  readonly instance: string;
  readonly uploadedBytes: number;
}

async function uploadAll(
  bundle: Bundle,
  survey: Survey,
  context: UploadContext & { readonly talk: Talk },
): Promise<Made> {
  const { digest, manifest } = bundle;
  const { transport, place, onEvent, signal, enter, talk } = context;
  onEvent?.({ type: "store.uploading", digest, files: manifest.files, bytes: manifest.bytes });
  const totalBytes = tarBytes(manifest.entries) + manifestText(manifest).length;
  const tar = bundle.tar({ prefix: "tree", readOnly: true, manifestName: "manifest", signal });
  const { codec, stream } = encode(watched(tar, { bundle, totalBytes, context }), totalBytes, survey);
  const sent = countBytes(stream);
  const uploaded = talk.isOpen()
    ? await talk.proceed({ name: "upload", packing: survey.packing, codec, payload: sent.stream })
    : await askHost(transport, "upload", [...enter(), codec], { signal, stdin: sent.stream });
  throwFailure(uploaded, place);
  return { instance: madeIn(uploaded, digest), uploadedBytes: sent.bytes() };
}

/** Undefined when the instances that it rests on are not what they should be: then nothing of it stays. */
async function uploadDelta(
  bundle: Bundle,
  plan: DeltaPlan,
  survey: Survey,
  context: UploadContext & { readonly talk: Talk },
): Promise<Made | undefined> {
  const { digest, manifest } = bundle;
  const { place, onEvent, signal, talk } = context;
  const { sent, sentFiles, sentBytes, instances } = plan;
  const manifestBytes = manifestText(manifest).length;
  const { text, sendsManifest } = renderDelta(plan, manifest, manifestBytes);
  onEvent?.({ type: "store.uploading", digest, files: sentFiles, bytes: sentBytes, takenFrom: instances });
  const sentPaths = new Set([...sent].map(({ path }) => latin1(path)));
  const only = ({ path }: ManifestEntry) => sentPaths.has(latin1(path)); // A bundle may make its entries anew each time.
  const manifestName = sendsManifest ? "manifest" : undefined;
  const totalBytes = tarBytes(sent) + (sendsManifest ? manifestBytes : 0);
  const tar = bundle.tar({ prefix: "tree", readOnly: true, manifestName, only, signal });
  const sends = sent.size > 0 || sendsManifest;
  const { codec, stream } = encode(watched(tar, { bundle, totalBytes, context }), totalBytes, survey);
  const payload = countBytes(sends ? stream : nothing());
  const { packing } = survey;
  const answer = await talk.proceed({ name: "delta", text, packing, codec, payload: payload.stream });
  if (answer.lines.some(({ word, rest }) => word === "FAIL" && rest === "base") && !isDiskFull(answer)) {
    const problem = describeProblems(answer)[0] ?? "it went while it was read";
    onEvent?.({ type: "store.delta_failed", digest, takenFrom: instances, problem });
    return undefined;
  }
  throwFailure(answer, place);
  return { instance: madeIn(answer, digest), uploadedBytes: payload.bytes() };
}

/** Less than this is sent before a link shows how fast it is. */
const leastBytesToFrame = 8 << 20;

interface Encoded {
  /** As the shell side calls it. */
  readonly codec: Packing["name"] | "frames";
  readonly stream: AsyncIterable<Uint8Array>;
}

function encode(tar: AsyncIterable<Uint8Array>, totalBytes: number, { packing, tools }: Survey): Encoded {
  const isLearning = packing.name !== "none" && totalBytes >= leastBytesToFrame && tools.includes("fullblock");
  if (isLearning) return { codec: "frames", stream: frameStream(tar, { packing }) };
  return { codec: packing.name, stream: packStream(tar, packing) };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

interface Watched {
  readonly bundle: Bundle;
  readonly totalBytes: number;
  readonly context: UploadContext;
}

function watched(tar: AsyncIterable<Uint8Array>, { bundle: { digest }, totalBytes, context }: Watched) {
  return tellProgress(tar, {
    totalBytes,
    tell: (progress) => context.onEvent?.({ type: "store.progress", digest, ...progress }),
  });
}

function readSurvey({ lines }: Answer, host: string): Survey {
  const tools = lines
    .filter(({ word }) => word === "TOOLS")
    .flatMap(({ rest }) => rest.split(" ").map((file) => file.slice(file.lastIndexOf("/") + 1)));
  const instances = lines.filter(({ word }) => word === "BASE").map(({ rest }) => rest);
  return {
    packing: choosePacking(host, tools),
    tools,
    instances: instances.filter((instance) => digestOfInstance(instance) !== undefined),
  };
}

function madeIn({ lines }: Answer, digest: string): string {
  const instance = lines.find(({ word }) => word === "HAVE")?.rest ?? "";
  if (digestOfInstance(instance) === undefined) throw new Error(`The upload of ${digest} did not tell its instance`);
  return instance;
}
