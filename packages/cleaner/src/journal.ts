import type { Transport } from "@slipway/core";

import { askHost } from "./host.ts";
import type { Inventory } from "./inventory.ts";
import type { Thing } from "./plan.ts";
import { enter } from "./scripts.ts";

/** One thing that a cleaner removed; a line of JSON in `store/cleaned/<day>.jsonl`. */
export interface CleanedEntry extends Thing {
  /** By the host's clock, ISO 8601 in UTC. */
  readonly at: string;
  readonly by: string;
}

interface JournalOptions {
  readonly transport: Transport;
  readonly inventory: Pick<Inventory, "jobDir">;
  readonly by?: string | undefined;
}

/** Standard input: lines without their end, to which the time comes. 1 job_dir. */
const append = `${enter}
umask 022
mkdir -p store/cleaned || fail journal
at=$(date -u +%Y-%m-%dT%H:%M:%SZ)
awk -v end=",\\"at\\":\\"$at\\"}" '{ print $0 end; fflush() }' >>"store/cleaned/\${at%%T*}.jsonl" || fail journal
`;

export async function writeJournal(
  things: readonly Thing[],
  { transport, inventory, by = "unknown" }: JournalOptions,
): Promise<void> {
  const lines = things.map((thing) => `${JSON.stringify({ ...thing, by }).slice(0, -1)}\n`);
  await askHost(transport, append, [inventory.jobDir], { stdin: lines.join("") });
}

/** 2 what the path must hold, or nothing. */
const read = `${enter}
say LINES
[ ! -d store/cleaned ] || cat store/cleaned/*.jsonl 2>/dev/null | grep -F -e "$2" | tail -n 2000
`;

/** What cleaners removed from a store, oldest first; `about` is a part of the paths that are wanted. */
export async function readJournal({
  transport,
  jobDir,
  about = "",
  signal,
}: {
  readonly transport: Transport;
  readonly jobDir: string;
  readonly about?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}): Promise<readonly CleanedEntry[]> {
  const sections = await askHost(transport, read, [jobDir, about], { signal });
  const lines = sections.find(({ word }) => word === "LINES")?.lines ?? [];
  return lines.flatMap(parseEntry).filter(({ path }) => path.includes(about));
}

/** Lines are other clients' too: what is no entry is passed over. */
export function parseEntry(line: string): readonly CleanedEntry[] {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
  return isEntry(value) ? [value] : [];
}

function isEntry(value: unknown): value is CleanedEntry {
  if (typeof value !== "object" || value === null) return false;
  const texts = ["kind", "path", "why", "at", "by"].every((key) => typeof Reflect.get(value, key) === "string");
  return texts && ["bytes", "inodes"].every((key) => typeof Reflect.get(value, key) === "number");
}
