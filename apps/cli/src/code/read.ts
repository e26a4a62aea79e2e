import { createGunzip } from "node:zlib";
import type { Gunzip } from "node:zlib";

import type { FileEntry } from "@slipway/core";

import type { StoredCode } from "./stored.ts";

export interface ReadOptions {
  /** Takes the contents of all files, one after another in the order of the manifest, as they come. */
  readonly onBytes: (bytes: Uint8Array) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Streams the contents of a stored tree's files. No name comes from there: which bytes are which file's is the manifest's word, and its sizes'. */
export async function readStoredFiles(
  { manifest, directory, transport }: StoredCode,
  { onBytes, signal }: ReadOptions,
): Promise<void> {
  const files = manifest.entries.filter((entry): entry is FileEntry => entry.kind === "file" && entry.size > 0);
  if (files.length === 0) return;
  const names = Buffer.concat(files.flatMap(({ path }) => [Buffer.from("./"), path, Buffer.from([0])]));
  const tag = Buffer.from(`slipway-${process.hrtime.bigint()}-begin\n`);
  const isHere = transport.host === "local";
  const script = `printf '%s' "$2"; cd "$1" && xargs -0 cat ${isHere ? "" : "| gzip -1"}`;
  const unpack = isHere ? undefined : createGunzip();
  const sheltered = shelter(onBytes);
  const whole = unpack && drain(unpack, (bytes) => sheltered.take(bytes));
  const sink = skipUntil(tag, (bytes) => void (unpack ? unpack.write(bytes) : sheltered.take(bytes)));
  const argv = ["sh", "-c", script, "sh", directory, tag.toString()];
  await transport.exec(argv, { stdin: names, onStdout: sink, signal }); // What is missing shows in what has arrived.
  unpack?.end();
  await whole;
  sheltered.rethrow();
}

/** A listener of a stream has nobody to throw to. */
function shelter(onBytes: (bytes: Uint8Array) => void) {
  let failure: { readonly error: unknown } | undefined;
  return {
    take(bytes: Uint8Array) {
      if (failure) return;
      try {
        onBytes(bytes);
      } catch (error) {
        failure = { error };
      }
    },
    rethrow() {
      if (failure) throw failure.error;
    },
  };
}

/** Resolves when all was unpacked; a stream that is cut ends there, and the sums tell. */
function drain(unpack: Gunzip, onBytes: (bytes: Uint8Array) => void): Promise<void> {
  return new Promise((resolve) => {
    unpack.on("data", onBytes);
    unpack.on("end", resolve);
    unpack.on("error", () => resolve());
  });
}

/** A login may print before a command does. */
function skipUntil(tag: Buffer, pass: (bytes: Uint8Array) => void): (bytes: Uint8Array) => void {
  let before: Buffer | undefined = Buffer.alloc(0);
  return (bytes) => {
    if (!before) return pass(bytes);
    before = Buffer.concat([before, bytes]);
    const begin = before.indexOf(tag);
    if (begin < 0) return;
    const rest = before.subarray(begin + tag.length);
    before = undefined;
    if (rest.length > 0) pass(rest);
  };
}
