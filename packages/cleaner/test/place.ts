import { chmod, mkdir, readdir, rename, utimes } from "node:fs/promises";
import path from "node:path";

import { defaultPolicy, planCleaning, takeInventory } from "@slipway/cleaner";
import type { InventoryOptions, RetentionPolicy } from "@slipway/cleaner";
import type { Bundle, Transport } from "@slipway/core";
import { packBundle } from "@slipway/packager";
import { createCodeStore } from "@slipway/store";
import type { CodeStore } from "@slipway/store";
import { gitRepository, temporaryDirectory, writeFiles } from "@slipway/testing";
import { openLocalTransport } from "@slipway/transport-local";

export interface PlaceOptions {
  readonly scheduler?: InventoryOptions["scheduler"];
  readonly clusterName?: string;
  /** Whether the host's perl can be used. */
  readonly hasPerl?: boolean;
}

/** For `describe.each` and `test.each`. */
export const perlOrNot = [
  ["with Perl", true],
  ["without Perl", false],
] as const;

/** A store on this machine, with a Slurm whose words the test chooses. */
export interface PlaceUnderTest extends AsyncDisposable {
  readonly folder: string;
  readonly jobDir: string;
  readonly transport: Transport;
  readonly store: CodeStore;
  readonly bundle: (content: string) => Promise<Bundle>;
  readonly look: (options?: Partial<InventoryOptions>) => ReturnType<typeof takeInventory>;
  /** With a policy that wants nothing, unless it says more. */
  readonly plan: (policy?: Partial<RetentionPolicy>) => Promise<ReturnType<typeof planCleaning>>;
  /** What scontrol and squeue say from now on, as shell text. */
  readonly slurm: (scontrol: string, squeue: string) => Promise<void>;
  /** What another program of the host does. */
  readonly program: (name: string, script: string) => Promise<void>;
  readonly ls: (...names: readonly string[]) => Promise<readonly string[]>;
}

const searchPath = process.env["PATH"] ?? "/usr/bin:/bin";

export async function openPlaceUnderTest({
  scheduler = "slurm",
  clusterName = "hpc",
  hasPerl = true,
}: PlaceOptions = {}): Promise<PlaceUnderTest> {
  const folder = await temporaryDirectory();
  const bin = path.join(folder.path, "bin");
  const home = path.join(folder.path, "home");
  const jobDir = path.join(folder.path, "it's $(a) job dir");
  for (const directory of [bin, home, jobDir]) await mkdir(directory);
  const transport = openLocalTransport({ env: { PATH: `${bin}:${searchPath}`, HOME: home } });
  const program: PlaceUnderTest["program"] = async (name, script) => {
    await writeFiles(bin, { [name]: `#!/bin/sh\n${script}\n` });
    await chmod(path.join(bin, name), 0o755);
  };
  const slurm: PlaceUnderTest["slurm"] = async (scontrol, squeue) => {
    await program("scontrol", scontrol);
    await program("squeue", squeue);
  };
  if (!hasPerl) await program("perl", "exit 127");
  await slurm(`echo "ClusterName             = ${clusterName}"`, ":");
  const look: PlaceUnderTest["look"] = (options) => takeInventory({ transport, jobDir, scheduler, ...options });
  return {
    folder: folder.path,
    jobDir,
    transport,
    store: createCodeStore({ transport, root: jobDir, clusterName }),
    async bundle(content) {
      const repository = await gitRepository(path.join(folder.path, "repositories", content), {
        files: { "train.py": content, "lib/a.py": content },
      });
      return packBundle({ cwd: repository.path, env: { PATH: searchPath } });
    },
    look,
    async plan(policy) {
      const wants = { ...defaultPolicy, maxAgeSeconds: 0, keepLast: 0, staleSeconds: 0, ...policy };
      return planCleaning({ inventory: await look(), policy: wants, experiments: [] });
    },
    slurm,
    program,
    ls: async (...names) => (await readdir(path.join(jobDir, ...names))).toSorted(),
    async [Symbol.asyncDispose]() {
      await transport[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Commits a token's lease to a job's number, as a submission does. */
export async function commitLease(
  place: PlaceUnderTest,
  instance: string,
  { token, lease }: { token: string; lease: string },
) {
  const leases = path.join(place.jobDir, "store/code", instance, "L");
  await rename(path.join(leases, `i.${token}`), path.join(leases, lease));
  await utimes(path.join(leases, lease), new Date(), new Date());
}

/** A squeue that lists these jobs: `7|7|PENDING`. */
export function squeueOf(...rows: readonly string[]): string {
  return rows.map((row) => `echo '${row}|N/A|N/A|N/A|n/a|None|name|comment'`).join("\n");
}
