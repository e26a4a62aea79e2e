import { isDigest } from "@slipway/core";
import type { Digest } from "@slipway/core";

import type { Answer } from "./answer.ts";
import type { StoredInstance } from "./code-store.ts";

const namePattern = /^([0-9a-f]{64})\.[A-Za-z0-9]{1,64}$/;
const headerPattern = /^slipway-manifest 1 files=(\d+) symlinks=(\d+) directories=(\d+) bytes=(\d+)$/;

/** The digest in an instance's name `<digest>.<nonce>`; undefined for any other text. */
export function digestOfInstance(name: string): Digest | undefined {
  const digest = namePattern.exec(name)?.[1];
  return digest !== undefined && isDigest(digest) ? digest : undefined;
}

export function instanceDirectory(root: string, instance: string): string {
  return `${root === "/" ? "" : root}/store/code/${instance}/tree`;
}

/** The instances that a `list` snippet told of: `INSTANCE <name> open|closed <manifest's first line>`. Other names are nobody's business. */
export function parseInstances({ lines }: Answer, root: string): readonly StoredInstance[] {
  return lines.flatMap(({ word, rest }): readonly StoredInstance[] => {
    const [instance = "", state] = rest.split(" ", 2);
    const digest = word === "INSTANCE" ? digestOfInstance(instance) : undefined;
    if (digest === undefined) return [];
    const contents = contentsOf(rest.split(" ").slice(2).join(" "));
    return [
      {
        instance,
        digest,
        directory: instanceDirectory(root, instance),
        open: state === "open",
        ...(contents && { contents }),
      },
    ];
  });
}

/** What a manifest's first line says; undefined for any other text. */
export function contentsOf(header: string): StoredInstance["contents"] {
  const found = headerPattern.exec(header);
  if (!found) return undefined;
  const [files = 0, symlinks = 0, directories = 0, bytes = 0] = found.slice(1).map(Number);
  return { files, symlinks, directories, bytes };
}
