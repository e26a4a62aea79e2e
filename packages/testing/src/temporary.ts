import { mkdtemp, realpath, rm, chmod, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

export interface TemporaryDirectory extends AsyncDisposable {
  /** Absolute, without symbolic links in it. */
  readonly path: string;
}

/** An empty folder that is gone, whatever was put in it, when it is disposed. */
export async function temporaryDirectory(prefix = "slipway-test-"): Promise<TemporaryDirectory> {
  const directory = await realpath(await mkdtemp(path.join(tmpdir(), prefix)));
  return {
    path: directory,
    async [Symbol.asyncDispose]() {
      await removeTree(directory);
    },
  };
}

async function removeTree(directory: string): Promise<void> {
  try {
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  } catch (error) {
    if (!["EACCES", "EPERM"].includes(String((error as NodeJS.ErrnoException).code))) throw error;
    await makeWritable(directory); // Read-only code keeps others than root from removing it.
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function makeWritable(directory: string): Promise<void> {
  await chmod(directory, 0o700);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeWritable(path.join(directory, entry.name));
  }
}
