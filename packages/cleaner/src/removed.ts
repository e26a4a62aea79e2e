import type { Transport } from "@slipway/core";

import { askHost } from "./host.ts";
import { parseEntry } from "./journal.ts";
import type { CleanedEntry } from "./journal.ts";
import { enter } from "./scripts.ts";

/** Something that is not there any more. */
export interface RemovedThing {
  /** Below the job_dir. */
  readonly name: string;
  /** The record of the cleaner that took it; absent when none did, or its record is gone. */
  readonly entry?: CleanedEntry;
}

export interface FindRemovedOptions {
  readonly transport: Transport;
  readonly jobDir: string;
  /** Below the job_dir: `store/code/<instance>`, `runs/<experiment>/<job>`. */
  readonly names: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** 2 and on names. What may not be seen is not told. */
const script = `${enter}
shift
for name do
  if [ -e "$name" ] || [ -L "$name" ]; then continue; fi
  case $(ls -d "$name" 2>&1) in *"No such file or directory"*) ;; *) continue ;; esac
  say GONE "$name"
  cat store/cleaned/*.jsonl 2>/dev/null | grep -F -e "/$name\\"" | tail -n 1
done
`;

/** Which of these things are gone, and who cleaned them away when and why. In one command. */
export async function findRemoved({
  transport,
  jobDir,
  names,
  signal,
}: FindRemovedOptions): Promise<readonly RemovedThing[]> {
  const sections = await askHost(transport, script, [jobDir, ...names], { signal });
  if (sections.some(({ word }) => word === "ABSENT")) return names.map((name) => ({ name }));
  return sections.flatMap(({ word, rest: name, lines }): readonly RemovedThing[] => {
    if (word !== "GONE") return [];
    const [entry] = lines.flatMap(parseEntry).filter(({ path }) => path.endsWith(`/${name}`));
    return [{ name, ...(entry && { entry }) }];
  });
}
