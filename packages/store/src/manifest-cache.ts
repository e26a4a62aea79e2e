import { createHash, randomUUID } from "node:crypto";
import { readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import path from "node:path";

import { isDigest, makeFolder, parseManifest } from "@slipway/core";
import type { Digest, Manifest } from "@slipway/core";

import { keepManifestText, manifestText } from "./manifest-text.ts";

/** Manifests of bundles that were staged from here, by their digests: what can be taken over there is known without asking. */
export interface ManifestCache {
  read(digest: Digest): Promise<Manifest | undefined>;
  keep(digest: Digest, manifest: Manifest): Promise<void>;
  /** For code that is not known here: reads what was used last, of which it probably is a change. */
  expect(digest: Digest): Promise<void>;
}

const mostManifests = 16;

/** Nothing is remembered without a directory. What cannot be written only costs a question the next time. */
export function openManifestCache(directory: string | undefined): ManifestCache {
  if (directory === undefined) return { read: async () => undefined, keep: async () => {}, expect: async () => {} };
  const known = new Map<Digest, Promise<Manifest | undefined>>();
  const readKept = async (digest: Digest) => {
    const text = await readFile(path.join(directory, digest)).catch(ignoreSystemError);
    return text && readManifest(digest, text);
  };
  const read = (digest: Digest) => known.get(digest) ?? readKept(digest);
  return {
    read,
    async keep(digest, manifest) {
      const file = path.join(directory, digest);
      const now = new Date();
      const isThere = await utimes(file, now, now).then(() => true, ignoreSystemError);
      if (!isThere) await write(file, manifestText(manifest)).catch(ignoreSystemError);
    },
    async expect(digest) {
      const kept = (await listKept(directory).catch(ignoreSystemError)) ?? [];
      const newest = path.basename(kept[0]?.file ?? "");
      if (!isDigest(newest) || kept.some(({ file }) => path.basename(file) === digest)) return;
      const reading = read(newest);
      known.set(newest, reading);
      await reading;
    },
  };
}

/** Undefined unless the text is what the digest names. */
export function readManifest(digest: Digest, text: Uint8Array): Manifest | undefined {
  if (createHash("sha256").update(text).digest("hex") !== digest) return undefined;
  const manifest = parseManifest(text);
  keepManifestText(manifest, text);
  return manifest;
}

async function write(file: string, text: Uint8Array): Promise<void> {
  const directory = path.dirname(file);
  const draft = `${file}.${randomUUID()}`;
  makeFolder(directory, { mode: 0o700 });
  try {
    await writeFile(draft, text, { mode: 0o600, flag: "wx" });
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await forgetOldest(directory);
}

async function forgetOldest(directory: string): Promise<void> {
  const oldest = (await listKept(directory)).slice(mostManifests);
  await Promise.all(oldest.map(({ file }) => rm(file, { force: true })));
}

/** Those that were used last go first. */
async function listKept(directory: string) {
  const names = (await readdir(directory)).filter(isDigest);
  const files = await Promise.all(
    names.map(async (name) => {
      const file = path.join(directory, name);
      return { file, usedAtMs: (await stat(file)).mtimeMs };
    }),
  );
  return files.toSorted((a, b) => b.usedAtMs - a.usedAtMs);
}

function ignoreSystemError(error: unknown): undefined {
  if (!(error instanceof Error && "code" in error)) throw error;
}
