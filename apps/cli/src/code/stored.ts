import { createHash } from "node:crypto";

import { manifestDigest, parseManifest } from "@slipway/core";
import type { Digest, ExecOptions, Manifest, Transport } from "@slipway/core";

/** Code that lies unpacked in a code store, its manifest checked, its files not yet. */
export interface StoredCode {
  readonly digest: Digest;
  readonly manifest: Manifest;
  /** On the transport's host, absolute. */
  readonly directory: string;
  readonly transport: Transport;
}

export interface StorePlace {
  readonly transport: Transport;
  /** The store is `<root>/store`. */
  readonly root: string;
}

const mostInstances = 8;

/** An instance of the digest, open, closed or in the trash, whose manifest is the digest's; undefined when the store has none. */
export async function findStoredCode(
  digest: Digest,
  { transport, root }: StorePlace,
  { signal }: Pick<ExecOptions, "signal"> = {},
): Promise<StoredCode | undefined> {
  const tag = tagOf(digest);
  for (let skipped = 0; skipped < mostInstances; skipped++) {
    const argv = ["sh", "-c", findScript, "sh", root, digest, String(skipped), tag];
    const { stdout } = await transport.exec(argv, { signal });
    const answer = Buffer.from(stdout);
    const begin = answer.indexOf(`${tag} `);
    const end = answer.indexOf("\n", begin);
    if (begin < 0 || end < 0) return undefined;
    const instance = answer.toString("utf8", begin + tag.length + 1, end);
    const manifest = readManifest(answer.subarray(end + 1));
    if (manifest && manifestDigest(manifest) === digest)
      return { digest, manifest, directory: `${instance}/tree`, transport };
  }
  return undefined;
}

/** 1 root, 2 digest, 3 how many to leave out, 4 what begins the answer: a login may print before it. */
const findScript = `left=$3
for instance in "$1"/store/code/"$2".* "$1"/store/trash/"$2".*; do
  [ -f "$instance/manifest" ] && [ -d "$instance/tree" ] && [ ! -L "$instance/tree" ] || continue
  if [ "$left" -gt 0 ]; then left=$((left - 1)); continue; fi
  printf '%s %s\\n' "$4" "$instance"
  exec cat "$instance/manifest"
done`;

function readManifest(text: Uint8Array): Manifest | undefined {
  try {
    return parseManifest(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // Damaged there.
    throw error;
  }
}

/** Nobody who writes into a store knows it before. */
function tagOf(digest: Digest): string {
  return createHash("sha256").update(`${digest} ${process.hrtime.bigint()}`).digest("hex");
}
