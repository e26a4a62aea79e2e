import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import type { TestbedAddress } from "./address.ts";
import type { ProcessIdentity } from "./process.ts";

/** What must be known of a testbed to end it, kept where the next start finds it after its starter was killed. */
export interface TestbedRecord {
  readonly version: 1;
  readonly directory: string;
  /** The machine's boot that the process ids belong to. */
  readonly bootId: string;
  /** The testbed may be removed when this process is gone. */
  readonly owner: ProcessIdentity;
  readonly userName: string;
  readonly nodes: readonly string[];
  readonly processes: readonly RecordedProcess[];
  /** The share that it belongs to (see `openTestbedShare`), and how its users reach it, once it is ready. */
  readonly share?: string;
  readonly address?: TestbedAddress;
}

export interface RecordedProcess extends ProcessIdentity {
  readonly name: string;
}

/** Only root may write there: the processes that are named in it will be killed. */
async function recordsFolder(): Promise<string> {
  const folder = path.join(tmpdir(), "slipway-testbeds");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = await stat(folder);
  if (uid !== 0 || (mode & 0o022) !== 0)
    throw new Error(`${folder} belongs to somebody else than root, or is writable`);
  return folder;
}

export async function writeRecord(record: TestbedRecord): Promise<void> {
  const file = await fileOf(record);
  await writeFile(`${file}.new`, JSON.stringify(record, undefined, 2));
  await rename(`${file}.new`, file);
}

export async function removeRecord(record: TestbedRecord): Promise<void> {
  await rm(await fileOf(record), { force: true });
}

export async function readRecords(): Promise<readonly TestbedRecord[]> {
  const folder = await recordsFolder();
  const names = (await readdir(folder)).filter((name) => name.endsWith(".json"));
  const texts = await Promise.all(names.map((name) => readFile(path.join(folder, name), "utf8").catch(() => "")));
  return texts
    .filter((text) => text !== "")
    .map((text): unknown => JSON.parse(text))
    .filter(isTestbedRecord);
}

/** What it does not know, it does not touch: everything that a record names will be removed. */
function isTestbedRecord(value: unknown): value is TestbedRecord {
  const { directory, version } = (value ?? {}) as Partial<TestbedRecord>;
  return version === 1 && typeof directory === "string" && path.basename(directory).startsWith("slipway-testbed-");
}

export async function readBootId(): Promise<string> {
  return (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
}

async function fileOf({ directory }: TestbedRecord): Promise<string> {
  return path.join(await recordsFolder(), `${path.basename(directory)}.json`);
}
