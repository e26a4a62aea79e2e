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
  if (process.platform !== "linux") return no("it needs Linux");
  if (process.getuid?.() !== 0) return no("it needs root");
  if ((await missingPrograms()).length === 0) return { available: true };
  return withLock("install", () => install(options), options.signal);
}

async function install({ signal, onEvent }: TestbedSupportOptions): Promise<TestbedSupport> {
  const missing = await missingPrograms();
  if (missing.length === 0) return { available: true };
  if (!(await isDebian())) return no(`${missing.join(", ")} are not installed, and this is not Debian`);
  const packages = [...new Set(missing.map((program) => programs[program] ?? program))];
  onEvent?.({ type: "testing.installing", packages });
  const failure = await installPackages(packages, signal);
  if (failure !== undefined) return no(`${packages.join(", ")} could not be installed: ${failure}`);
  const stillMissing = await missingPrograms();
  return stillMissing.length === 0 ? { available: true } : no(`${stillMissing.join(", ")} are not installed`);
}

function no(why: string): TestbedSupport {
  return { available: false, why };
}

async function missingPrograms(): Promise<readonly string[]> {
  const found = await Promise.all(Object.keys(programs).map(isInstalled));
  return Object.keys(programs).filter((_, index) => !found[index]);
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
