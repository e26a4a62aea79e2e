import { access, constants, readFile } from "node:fs/promises";
import path from "node:path";
import process from "node:process";

import { commandPath } from "./command.ts";
import type { TestbedEvent } from "./event.ts";
import { installPackages } from "./install.ts";
import { withLock } from "./lock.ts";

export type TestbedSupport = { readonly available: true } | { readonly available: false; readonly why: string };

export interface TestbedSupportOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: TestbedEvent) => void) | undefined;
}

/** What a testbed runs, with the Debian package that has it. */
const programs: Readonly<Record<string, string>> = {
  slurmctld: "slurm-wlm",
  slurmd: "slurm-wlm",
  sbatch: "slurm-wlm",
  sacctmgr: "slurm-wlm",
  slurmdbd: "slurmdbd",
  munged: "munge",
  sshd: "openssh-server",
  ssh: "openssh-client",
  mariadbd: "mariadb-server",
  "mariadb-install-db": "mariadb-server",
  rsync: "rsync",
};

/**
 * Whether a testbed can be started here. Root on Debian gets what is missing from Debian's packages, once for all
 * processes that ask; nothing is ever installed elsewhere, and no system service is started.
 */
export async function testbedSupport(options: TestbedSupportOptions = {}): Promise<TestbedSupport> {
  const why = await debianPrograms(programs, options);
  return why === undefined ? { available: true } : { available: false, why };
}

/** The same for other programs, each with the Debian package that has it. Why they are not there, if so. */
export async function debianPrograms(
  wanted: Readonly<Record<string, string>>,
  options: TestbedSupportOptions = {},
): Promise<string | undefined> {
  if (process.platform !== "linux") return "it needs Linux";
  if (process.getuid?.() !== 0) return "it needs root";
  if ((await missingOf(wanted)).length === 0) return undefined;
  return withLock("install", () => install(wanted, options), options.signal);
}

async function install(
  wanted: Readonly<Record<string, string>>,
  { signal, onEvent }: TestbedSupportOptions,
): Promise<string | undefined> {
  const missing = await missingOf(wanted);
  if (missing.length === 0) return undefined;
  if (!(await isDebian())) return `${missing.join(", ")} are not installed, and this is not Debian`;
  const packages = [...new Set(missing.map((program) => wanted[program] ?? program))];
  onEvent?.({ type: "testing.installing", packages });
  const failure = await installPackages(packages, signal);
  if (failure !== undefined) return `${packages.join(", ")} could not be installed: ${failure}`;
  const stillMissing = await missingOf(wanted);
  return stillMissing.length === 0 ? undefined : `${stillMissing.join(", ")} are not installed`;
}

async function missingOf(wanted: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const names = Object.keys(wanted);
  const found = await Promise.all(names.map(isInstalled));
  return names.filter((_, index) => !found[index]);
}

async function isInstalled(program: string): Promise<boolean> {
  const places = commandPath.split(":").map((folder) => access(path.join(folder, program), constants.X_OK));
  return Promise.any(places).then(
    () => true,
    () => false,
  );
}

async function isDebian(): Promise<boolean> {
  const release = await readFile("/etc/os-release", "utf8").catch(() => "");
  return /^ID=debian$/m.test(release);
}
