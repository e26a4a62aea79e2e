import { spawn } from "node:child_process";

import { PackagerError } from "../error.ts";
import type { StoredContent } from "../listing.ts";
import { gitEnvironment, readOnlyArguments } from "./command.ts";
import type { RepositoryOptions } from "./repository.ts";

export interface Blobs extends AsyncDisposable {
  /** The content of one object, exactly as git stores it. One at a time; read to its end. */
  read(content: StoredContent): AsyncGenerator<Buffer>;
}

/** Reads objects through one `git cat-file --batch` for each repository (git-cat-file(1), "BATCH OUTPUT"). */
export function openBlobs({ env, signal }: RepositoryOptions): Blobs {
  const readers = new Map<string, ReturnType<typeof startCatFile>>();
  const gitEnv = gitEnvironment(env).env;
  return {
    async *read({ repository, objectId }) {
      signal?.throwIfAborted();
      const reader = readers.get(repository) ?? startCatFile(repository, gitEnv);
      readers.set(repository, reader);
      yield* reader.read(objectId);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...readers.values()].map((reader) => reader.stop()));
    },
  };
}

function startCatFile(cwd: string, env: Readonly<Record<string, string>>) {
  const args = [...readOnlyArguments, "cat-file", "--batch"];
  const child = spawn("git", args, { cwd, env, stdio: ["pipe", "pipe", "ignore"] });
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()).on("error", () => resolve()));
  child.stdin.on("error", () => {}); // Its end is seen where its answer is read.
  const output: AsyncIterator<Buffer> = child.stdout.iterator({ destroyOnReturn: false });
  let rest: Buffer = Buffer.alloc(0);
  const more = async (objectId: string) => {
    const { value, done } = await output.next();
    if (done) throw missing(objectId, cwd);
    return value;
  };
  async function readLine(objectId: string): Promise<string> {
    while (!rest.includes(10)) rest = Buffer.concat([rest, await more(objectId)]);
    const end = rest.indexOf(10);
    const line = rest.toString("latin1", 0, end);
    rest = rest.subarray(end + 1);
    return line;
  }
  return {
    async *read(objectId: string): AsyncGenerator<Buffer> {
      child.stdin.write(`${objectId}\n`);
      const size = /^[0-9a-f]+ blob (\d+)$/.exec(await readLine(objectId))?.[1];
      if (size === undefined) throw missing(objectId, cwd);
      for (let left = Number(size); left > 0;) {
        if (rest.length === 0) rest = await more(objectId);
        const part = rest.subarray(0, left);
        rest = rest.subarray(part.length);
        left -= part.length;
        yield part;
      }
      await readLine(objectId);
    },
    async stop(): Promise<void> {
      child.stdout.destroy();
      child.stdin.end();
      child.kill();
      await ended;
    },
  };
}

function missing(objectId: string, repository: string): PackagerError {
  return new PackagerError("PACKAGER_GIT_FAILED", `${repository} does not have the object ${objectId}`, {
    hint: "Fetch it: git fetch, or git fsck to see what is missing.",
  });
}
