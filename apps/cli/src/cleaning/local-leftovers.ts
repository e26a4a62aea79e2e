import { lstat, readdir, rm } from "node:fs/promises";
import { connect } from "node:net";
import path from "node:path";

import type { Thing } from "@slipway/cleaner";

import { cacheDirectory, homeDirectory } from "../compose.ts";
import type { Context } from "../context.ts";

const day = 86_400_000;

/** What slipway's own processes left on this machine: sockets of shared connections that nobody listens on, and drafts of files. */
export async function findLocalLeftovers(context: Context): Promise<readonly Thing[]> {
  const sockets = await things(path.join(homeDirectory(context), "ssh"), async (file) => {
    const { isSocket, ageMs } = await look(file);
    return isSocket && ageMs > 60_000 && (await isDeaf(file)) ? "nobody listens on this control socket" : undefined;
  });
  const drafts = await things(path.join(cacheDirectory(context), "slurm"), async (file) => {
    const { isFile, ageMs } = await look(file);
    return isFile && draftPattern.test(file) && ageMs > day ? "a draft that was never finished" : undefined;
  });
  return [...sockets, ...drafts];
}

export async function removeLocalLeftovers(leftovers: readonly Thing[]): Promise<void> {
  for (const { path: file } of leftovers) await rm(file, { force: true });
}

/** `<name>.json.<uuid>` */
const draftPattern = /\.json\.[0-9a-f]{8}-[0-9a-f-]{27}$/;

async function things(
  directory: string,
  judge: (file: string) => Promise<string | undefined>,
): Promise<readonly Thing[]> {
  const names = await readdir(directory).catch(() => []); // Not there: nothing is left.
  const found = names.map(async (name): Promise<readonly Thing[]> => {
    const file = path.join(directory, name);
    const why = await judge(file);
    return why === undefined ? [] : [{ kind: "remnant", path: file, bytes: 0, inodes: 1, why }];
  });
  return (await Promise.all(found)).flat();
}

async function look(file: string): Promise<{ isSocket: boolean; isFile: boolean; ageMs: number }> {
  const seen = await lstat(file).catch(() => undefined); // It has just gone.
  const ageMs = seen === undefined ? 0 : Date.now() - seen.mtimeMs;
  return { isSocket: seen?.isSocket() === true, isFile: seen?.isFile() === true, ageMs };
}

/** Only a refusal tells that nobody listens. */
function isDeaf(file: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(file);
    socket.setTimeout(1_000);
    const end = (deaf: boolean) => {
      socket.destroy();
      resolve(deaf);
    };
    socket.once("connect", () => end(false));
    socket.once("timeout", () => end(false));
    socket.once("error", (error: NodeJS.ErrnoException) => end(error.code === "ECONNREFUSED"));
  });
}
