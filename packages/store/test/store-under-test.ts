import { chmod, lstat, mkdir, readdir, readFile, readlink } from "node:fs/promises";
import path from "node:path";

import { isSlipwayError } from "@slipway/core";
import type { Bundle, SlipwayError, Transport } from "@slipway/core";
import { temporaryDirectory } from "@slipway/testing";

import { createCodeStore } from "../src/index.ts";
import type { CodeStore, StoreEvent } from "../src/index.ts";
import { bundleOf } from "./bundle.ts";
import type { BundledFile } from "./bundle.ts";
import { localTransport } from "./transports.ts";

export const exampleFiles: readonly BundledFile[] = [
  { path: "train.py", content: "print('hello')\n" },
  { path: "bin/run", content: "#!/bin/sh\n", executable: true },
  { path: "data/empty" },
  { path: "latest", target: "data/empty" },
];

export function exampleBundle(): Promise<Bundle> {
  return bundleOf(...exampleFiles);
}

export interface StoreUnderTest extends AsyncDisposable {
  readonly root: string;
  readonly transport: Transport;
  readonly store: CodeStore;
  readonly events: readonly StoreEvent[];
  /** A path in the store. */
  readonly at: (...names: readonly string[]) => string;
  /** Names in `code` and `trash`, hidden ones too. */
  readonly leftovers: () => Promise<readonly string[]>;
}

export interface StoreUnderTestOptions {
  /** Below the temporary folder. */
  readonly root?: string;
  readonly transport?: (local: Transport) => Transport;
  /** Whether manifests are kept on this side. */
  readonly hasCache?: boolean;
  /** Environment of the commands, beside PATH. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A store in a fresh folder; its nonces are n1, n2, … */
export async function storeUnderTest(options: StoreUnderTestOptions = {}): Promise<StoreUnderTest> {
  const folder = await temporaryDirectory();
  await chmod(folder.path, 0o755);
  const local = localTransport(options.env);
  const transport = options.transport?.(local) ?? local;
  const root = path.join(folder.path, options.root ?? "job dir");
  const events: StoreEvent[] = [];
  let calls = 0;
  const nonce = () => `n${++calls}`;
  const store = createCodeStore({
    transport,
    root,
    clusterName: "local",
    nonce,
    cacheDirectory: options.hasCache ? path.join(folder.path, "cache") : undefined,
    onEvent: (event) => events.push(event),
  });
  const at = (...names: readonly string[]) => path.join(root, "store", ...names);
  return {
    root,
    transport,
    store,
    events,
    at,
    leftovers: async () => [...(await namesIn(at("code"))), ...(await namesIn(at("trash")))],
    async [Symbol.asyncDispose]() {
      await local[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

export async function namesIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).toSorted();
}

/** Everything below a folder, by its path's bytes as latin1: mode, and the content or target. */
export async function treeOf(folder: string): Promise<Readonly<Record<string, string>>> {
  const seen: Record<string, string> = {};
  const visit = async (directory: Buffer, prefix: string): Promise<void> => {
    for (const name of await readdir(directory, { encoding: "buffer" })) {
      const file = Buffer.concat([directory, Buffer.from("/"), name]);
      const relative = prefix + name.toString("latin1");
      const stat = await lstat(file);
      const mode = (stat.mode & 0o7777).toString(8);
      if (stat.isDirectory()) {
        seen[`${relative}/`] = mode;
        await visit(file, `${relative}/`);
      } else if (stat.isSymbolicLink()) seen[relative] = `-> ${(await readlink(file, "buffer")).toString("latin1")}`;
      else seen[relative] = `${mode} ${(await readFile(file)).toString("latin1")}`;
    }
  };
  await visit(Buffer.from(folder), "");
  return seen;
}

/** What a promise rejects with, which must be a SlipwayError. */
export async function errorOf(promise: Promise<unknown>): Promise<SlipwayError> {
  const outcome = await promise.then(
    (value: unknown) => new Error(`It resolved with ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
  if (!isSlipwayError(outcome)) throw outcome;
  return outcome;
}

export async function makeFolder(...names: readonly string[]): Promise<string> {
  const folder = path.join(...names);
  await mkdir(folder, { recursive: true });
  return folder;
}

export function readText(...names: readonly string[]): Promise<string> {
  return readFile(path.join(...names), "utf8");
}
