import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import path from "node:path";

import { isDigest, parseManifest } from "@slipway/core";
import type { Digest, Manifest } from "@slipway/core";

import { keepManifestText, manifestText } from "./manifest-text.ts";

/** Manifests of bundles that were staged from here, by their digests: what can be taken over there is known without asking. */
export interface ManifestCache {
  read(digest: Digest): Promise<Manifest | undefined>;
  keep(digest: Digest, manifest: Manifest): Promise<void>;
}

const mostManifests = 16;

/** Nothing is remembered without a directory. What cannot be written only costs a question the next time. */
export function openManifestCache(directory: string | undefined): ManifestCache {
  if (directory === undefined) return { read: async () => undefined, keep: async () => {} };
  return {
    async read(digest) {
      const text = await readFile(path.join(directory, digest)).catch(ignoreSystemError);
      return text && readManifest(digest, text);
    },
    async keep(digest, manifest) {
      const file = path.join(directory, digest);
      const now = new Date();
      const isThere = await utimes(file, now, now).then(() => true, ignoreSystemError);
      if (!isThere) await write(file, manifestText(manifest)).catch(ignoreSystemError);
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
  await mkdir(directory, { recursive: true, mode: 0o700 });
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
  const names = (await readdir(directory)).filter(isDigest);
  if (names.length <= mostManifests) return;
  const files = await Promise.all(
    names.map(async (name) => {
      const file = path.join(directory, name);
      return { file, usedAtMs: (await stat(file)).mtimeMs };
    }),
  );
  const oldest = files.toSorted((a, b) => b.usedAtMs - a.usedAtMs).slice(mostManifests);
  await Promise.all(oldest.map(({ file }) => rm(file, { force: true })));
}

function ignoreSystemError(error: unknown): undefined {
  if (!(error instanceof Error && "code" in error)) throw error;
}
