import { readFile, rename, rm, writeFile } from "node:fs/promises";

import { runCommand } from "./command.ts";
import type { CommandResult } from "./command.ts";

const policy = "/usr/sbin/policy-rc.d";
const savedPolicy = "/usr/sbin/policy-rc.d.slipway-saved";
const ourPolicy = "#!/bin/sh\n# For the time of an installation by slipway's tests.\nexit 101\n";

/** Installs Debian packages without starting any service of theirs. Gives what went wrong, in apt's words. */
export async function installPackages(packages: readonly string[], signal?: AbortSignal): Promise<string | undefined> {
  signal?.throwIfAborted();
  await using _policy = await forbidServices();
  let failure = await apt(["install", ...packages]);
  if (failure === undefined) return undefined;
  await apt(["update"]); // The lists of packages may be missing, or older than the archive.
  failure = await apt(["install", ...packages]);
  return failure;
}

/** Not stopped by a signal: half of an installation is worse than a whole one. */
async function apt(args: readonly string[]): Promise<string | undefined> {
  const options = ["--yes", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"];
  const result: CommandResult = await runCommand(["apt-get", ...options, ...args], {
    env: { DEBIAN_FRONTEND: "noninteractive" },
  });
  return result.exitCode === 0 ? undefined : result.stderr.trim().split("\n").slice(-3).join("; ");
}

/** Services are started only where policy-rc.d (deb-systemd-invoke(1p), invoke-rc.d(8)) does not answer 101: forbidden. */
async function forbidServices(): Promise<AsyncDisposable> {
  await restorePolicy(); // Of an installation that was killed.
  await rename(policy, savedPolicy).catch(ignoreMissing);
  await writeFile(policy, ourPolicy, { mode: 0o755 });
  return { [Symbol.asyncDispose]: restorePolicy };
}

async function restorePolicy(): Promise<void> {
  if ((await readFile(policy, "utf8").catch(ignoreMissing)) === ourPolicy) await rm(policy);
  await rename(savedPolicy, policy).catch(ignoreMissing);
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
