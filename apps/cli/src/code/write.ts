import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";
import { closeSync, constants, fchmodSync, openSync, writeSync } from "node:fs";
import { mkdir, symlink } from "node:fs/promises";

import type { FileEntry, Manifest, ManifestEntry } from "@slipway/core";

import { CliError } from "../error.ts";

/** Takes the files' contents as they come, in the order of the manifest. */
export interface TreeWriter {
  write(bytes: Uint8Array): void;
  /** Throws CLI_CODE_DAMAGED unless all files were there and are as the manifest says; then makes the links. */
  finish(): Promise<void>;
  /** Closes what is open; of a tree that was not finished the files are left to the caller. */
  close(): void;
}

/** Writes code into a directory that is empty and this process's own. The bytes and the manifest's names are untrusted. */
export async function openTreeWriter(directory: string, { entries }: Manifest): Promise<TreeWriter> {
  checkNames(entries);
  const parents = new Set(
    entries.map(({ path }) => latin1(path)).map((path) => path.slice(0, Math.max(0, path.lastIndexOf("/")))),
  );
  for (const parent of parents) await mkdir(below(directory, Buffer.from(parent, "latin1")), { recursive: true });
  const files = entries.filter((entry): entry is FileEntry => entry.kind === "file");
  const queue = files.values();
  let current = next();

  function next(): OpenFile | undefined {
    for (const entry of queue) {
      const file = create(directory, entry);
      if (entry.size > 0) return file;
      finishFile(file);
    }
    return undefined;
  }

  return {
    write(bytes) {
      for (let from = 0; from < bytes.length;) {
        if (!current) throw damaged("there is more of it than its manifest says");
        const part = bytes.subarray(from, from + current.left);
        writeAll(current.descriptor, part);
        current.hash.update(part);
        current.left -= part.length;
        from += part.length;
        if (current.left > 0) continue;
        const done = current;
        current = undefined;
        finishFile(done);
        current = next();
      }
    },
    async finish() {
      if (current) throw damaged(`${display(current.entry.path)} is missing, or less than it was`);
      for (const entry of entries) {
        if (entry.kind === "symlink") await symlink(Buffer.from(entry.target), below(directory, entry.path));
      }
    },
    close() {
      if (current) closeSync(current.descriptor);
      current = undefined;
    },
  };
}

interface OpenFile {
  readonly entry: FileEntry;
  readonly descriptor: number;
  readonly hash: Hash;
  left: number;
}

/** Links are made when all else is there: no name leads through one. */
function create(directory: string, entry: FileEntry): OpenFile {
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  const descriptor = openSync(below(directory, entry.path), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  return { entry, descriptor, hash: createHash("sha256"), left: entry.size };
}

function finishFile({ entry, descriptor, hash }: OpenFile): void {
  fchmodSync(descriptor, entry.mode);
  closeSync(descriptor);
  if (hash.digest("hex") !== entry.sha256) throw damaged(`${display(entry.path)} is not what it was`);
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let from = 0; from < bytes.length;) from += writeSync(descriptor, bytes, from);
}

const unsafeComponent = /(?:^|\/)(?:\.{0,2}|\.git)(?:\/|$)/i;

function checkNames(entries: readonly ManifestEntry[]): void {
  const unsafe = entries.find(({ path }) => unsafeComponent.test(latin1(path)) || path.includes(0));
  if (unsafe) throw damaged(`its manifest has a name that leads out of it: ${display(unsafe.path)}`);
}

function damaged(why: string): CliError {
  return new CliError("CLI_CODE_DAMAGED", `The code in the store is damaged: ${why}`, {
    hint: "Nothing was kept of it. Look at the store with: slipway doctor",
  });
}

function below(directory: string, path: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${directory}/`), path]);
}

function latin1(path: Uint8Array): string {
  return Buffer.from(path).toString("latin1");
}

function display(path: Uint8Array): string {
  return JSON.stringify(Buffer.from(path).toString("utf8"));
}
