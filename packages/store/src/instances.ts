import { isDigest } from "@slipway/core";
import type { Digest } from "@slipway/core";

import type { Answer } from "./answer.ts";
import type { StoredInstance } from "./code-store.ts";

const digestLength = 64;
const noncePattern = /^\.[A-Za-z0-9]{1,64}$/;
/** A manifest's first line. */
export const headerSource = String.raw`slipway-manifest 1 files=(\d+) symlinks=(\d+) directories=(\d+) bytes=(\d+)$`;
const headerPattern = new RegExp(`^${headerSource}`);

/** The digest in an instance's name `<digest>.<nonce>`; undefined for any other text. */
export function digestOfInstance(name: string): Digest | undefined {
  const digest = name.slice(0, digestLength);
  return isDigest(digest) && noncePattern.test(name.slice(digestLength)) ? digest : undefined;
}

export function instanceDirectory(root: string, instance: string): string {
  return `${root === "/" ? "" : root}/store/code/${instance}/tree`;
}

/** The instances that a `list` snippet told of. Other names are nobody's business. */
export function parseInstances({ lines }: Answer, root: string): readonly StoredInstance[] {
  return lines.flatMap(({ word, rest }) => (word === "INSTANCE" ? (parseInstance(rest, root) ?? []) : []));
}

/** `<name> open|closed <manifest's first line>`; undefined for other names. */
export function parseInstance(text: string, root: string): StoredInstance | undefined {
  const [instance = "", state = ""] = text.split(" ", 2);
  const digest = digestOfInstance(instance);
  if (digest === undefined) return undefined;
  const contents = contentsOf(text.slice(instance.length + state.length + 2));
  const directory = instanceDirectory(root, instance);
  return { instance, digest, directory, open: state === "open", ...(contents && { contents }) };
}

/** What a manifest's first line says; undefined for any other text. */
export function contentsOf(header: string): StoredInstance["contents"] {
  const found = headerPattern.exec(header);
  if (!found) return undefined;
  const [files = 0, symlinks = 0, directories = 0, bytes = 0] = found.slice(1).map(Number);
  return { files, symlinks, directories, bytes };
}
