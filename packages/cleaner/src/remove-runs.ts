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

/** The loop of `script` in one process. 1 tag, 2 nonce, 3 and on names. No part of it may hold an apostrophe. */
const moveInPerl = String.raw`
my ($tag, $nonce, @names) = @ARGV;
my $number = 0;
sub refused { print "\n$tag REFUSED $_[0] $_[1]\n"; }
for my $name (@names) {
  $number++;
  my ($experiment) = split m{/}, $name;
  if (-l "runs/$experiment" || -l "runs/$name") { refused($name, "it is a symbolic link"); next; }
  next unless -e "runs/$name";
  if (rename("runs/$name", "store/trash/.del-$nonce.$number")) { rmdir "runs/$experiment"; } else { refused($name, $!); }
}
`;

/**
 * 2 nonce, 3 and on names below `runs`. Each goes under a name of the trash first, in one rename, and is deleted there with all the others;
 * a cleaner that dies in between leaves what the next one sweeps.
 */
const script = `${enter}
nonce=$2
shift 2
[ ! -L runs ] || fail symlink "$root/runs"
mkdir -p store/trash
if command -v perl >/dev/null 2>&1 && perl -e '${moveInPerl}' "$tag" "$nonce" "$@"; then :
else
  number=0
  for name do
    number=$((number + 1))
    if [ -L "runs/\${name%/*}" ] || [ -L "runs/$name" ]; then say REFUSED "$name" "it is a symbolic link"; continue; fi
    [ -e "runs/$name" ] || continue
    if said=$(mv -f "runs/$name" "store/trash/.del-$nonce.$number" 2>&1); then rmdir "runs/\${name%/*}" 2>/dev/null
    else say REFUSED "$name" "$said"
    fi
  done
fi
set -- "store/trash/.del-$nonce".*
rm -rf "$@" 2>/dev/null || { find "$@" -type d -exec chmod u+rwx {} +; rm -rf "$@"; } 2>/dev/null
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
