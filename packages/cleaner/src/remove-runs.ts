import { randomBytes } from "node:crypto";

import type { Transport } from "@slipway/core";

import { askHost } from "./host.ts";
import type { Inventory } from "./inventory.ts";
import { enter } from "./scripts.ts";

interface RemoveOptions {
  readonly transport: Transport;
  readonly inventory: Pick<Inventory, "jobDir">;
  readonly signal?: AbortSignal | undefined;
}

/**
 * 2 nonce, 3 and on names below `runs`. Each goes under a name of the trash first, in one rename, and is deleted there; a cleaner that
 * dies in between leaves what the next one sweeps.
 */
const script = `${enter}
nonce=$2
shift 2
[ ! -L runs ] || fail symlink "$root/runs"
mkdir -p store/trash
number=0
for name do
  number=$((number + 1)) gone=store/trash/.del-$nonce.$number
  if [ -L "runs/\${name%/*}" ] || [ -L "runs/$name" ]; then say REFUSED "$name" "it is a symbolic link"; continue; fi
  [ -e "runs/$name" ] || continue
  if said=$(mv -f "runs/$name" "$gone" 2>&1); then
    rm -rf "$gone" 2>/dev/null || { find "$gone" -type d -exec chmod u+rwx {} + && rm -rf "$gone"; } 2>/dev/null
    rmdir "runs/\${name%/*}" 2>/dev/null
  else
    say REFUSED "$name" "$said"
  fi
done
`;

/** Why those stayed that did, by name. */
export async function removeRuns(
  runs: readonly string[],
  { transport, inventory, signal }: RemoveOptions,
): Promise<ReadonlyMap<string, string>> {
  for (const run of runs) {
    if (!/^[A-Za-z0-9][\w.-]*\/[\w.][\w.-]*$/.test(run) || run.split("/").includes("..")) {
      throw new TypeError(`Not a run directory: ${JSON.stringify(run)}`);
    }
  }
  const nonce = randomBytes(8).toString("hex");
  const sections = await askHost(transport, script, [inventory.jobDir, nonce, ...runs], { signal });
  return new Map(
    sections
      .filter(({ word }) => word === "REFUSED")
      .map(({ rest }) => [rest.split(" ", 1)[0] ?? "", rest.slice(rest.indexOf(" ") + 1)]),
  );
}
