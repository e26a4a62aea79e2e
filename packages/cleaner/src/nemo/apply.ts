import { randomBytes } from "node:crypto";

import { askHost } from "../host.ts";
import type { Thing } from "../plan.ts";
import { enter } from "../scripts.ts";
import type { NemoOptions } from "./gather.ts";
import type { NemoPlan, NemoRemoval } from "./plan.ts";

/**
 * 2 nonce, 3 and on paths. Each goes aside in one rename, and is deleted there; what an earlier cleaner did not delete to the end goes too.
 * Standard input: a line for the record of each, told when it is aside.
 */
const script = `${enter}
aside=.slipway-trash-$2
shift 2
delete() { rm -rf "$1" 2>/dev/null || { find "$1" -type d -exec chmod u+rwx {} + && rm -rf "$1"; }; }
for old in .slipway-trash-*; do if [ -d "$old" ] && [ ! -L "$old" ]; then delete "$old" </dev/null; fi; done
mkdir "$aside" || fail folder "$root"
number=0
for path do
  IFS= read -r line || line=
  part=$path refused=
  while :; do
    [ ! -L "$part" ] || refused="$part is a symbolic link"
    case $part in */*) part=\${part%/*} ;; *) break ;; esac
  done
  if [ -n "$refused" ]; then say REFUSED "$path" "$refused"; continue; fi
  [ -e "$path" ] || continue
  number=$((number + 1))
  if said=$(mv -f "$path" "$aside/$number" 2>&1 </dev/null); then
    printf "%s,\\"at\\":\\"%s\\"}\\n" "$line" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" >>.slipway-cleaned.jsonl
    delete "$aside/$number" </dev/null
  else
    say REFUSED "$path" "$said"
  fi
done
rmdir "$aside"
`;

export interface NemoResult {
  readonly removed: readonly Thing[];
  readonly kept: readonly Thing[];
}

/** Carries the plan out; may be interrupted at any moment. What went is recorded in `.slipway-cleaned.jsonl` there. */
export async function applyNemoCleaning(
  { remove }: Pick<NemoPlan, "remove">,
  { transport, directory, by = "unknown", signal }: NemoOptions & { readonly by?: string | undefined },
): Promise<NemoResult> {
  const removed: Thing[] = [];
  const kept: Thing[] = [];
  for (let index = 0; index < remove.length; index += mostAtOnce) {
    const batch = remove.slice(index, index + mostAtOnce);
    const stdin = batch.map((removal) => `${JSON.stringify({ ...toThing(removal), by }).slice(0, -1)}\n`).join("");
    const parameters = [directory, randomBytes(8).toString("hex"), ...batch.map(({ relative }) => relative)];
    const sections = await askHost(transport, script, parameters, { signal, stdin });
    for (const removal of batch) {
      const refusal = sections.find(({ word, rest }) => word === "REFUSED" && rest.startsWith(`${removal.relative} `));
      const why = refusal?.rest.slice(removal.relative.length + 1);
      if (why === undefined) removed.push(toThing(removal));
      else kept.push({ ...toThing(removal), why });
    }
  }
  return { removed, kept };
}

const mostAtOnce = 50;

function toThing({ kind, path, bytes, inodes, why }: NemoRemoval): Thing {
  return { kind, path, bytes, inodes, why };
}
