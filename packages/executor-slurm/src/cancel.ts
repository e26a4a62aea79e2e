import { constants } from "node:os";

import { nearest, quoteShell } from "@slipway/core";
import type { CancelOptions, JobHandle, Transport } from "@slipway/core";
import { renderArraySpec } from "@slipway/sbatch";

import type { ClusterPlace } from "./cluster-settings.ts";
import { SlurmExecutorError } from "./error.ts";
import { nativeId, ownHandles } from "./native-id.ts";
import { relative } from "./poll-script.ts";
import { runScript, toolMissing } from "./remote.ts";
import { unreachable } from "./submit-failure.ts";

export interface CancelContext extends ClusterPlace {
  readonly transport: Transport;
  /** Slurm's ClusterName, where it is known. */
  readonly clusterName: string | undefined;
}

/**
 * Asks for the end of jobs, or of elements of arrays, or passes one signal on, in one command. What has ended, or what Slurm has forgotten,
 * stays as it is.
 */
export async function cancelJobs(
  handles: readonly JobHandle[],
  { transport, clusterName, ...place }: CancelContext,
  { signalName, arrayIndices, signal }: CancelOptions = {},
): Promise<void> {
  const flags = signalName === undefined ? [] : signalFlags(signalName);
  signal?.throwIfAborted();
  const known = ownHandles(handles, clusterName);
  if (known.length === 0 || arrayIndices?.length === 0) return;
  const { jobDir } = place;
  const script = renderCancelScript(known, { jobDir, flags, marks: signalName === undefined, arrayIndices });
  const { sections } = await runScript(transport, script, { signal });
  const failed = sections.find(({ word }) => word === "FAIL");
  if (failed?.rest.startsWith("tool ")) throw toolMissing(place.host, failed.rest.slice("tool ".length));
  if (failed) throw unreachable(sections.find(({ word }) => word === "REASON")?.body.trim() ?? "", place);
}

/** Source: scancel(1). Steps get a signal by default; the batch shell passes on what it can trap, the rest goes to all its children. */
function signalFlags(name: string): readonly string[] {
  const short = parseSignalName(name).slice("SIG".length);
  return [`--signal=${short}`, passedOn.has(short) ? "--batch" : "--full"];
}

/** What the wrapper traps and gives to its command. */
const passedOn: ReadonlySet<string> = new Set(["USR1", "USR2", "TERM", "INT", "HUP"]);

function parseSignalName(name: string): string {
  const full = name.startsWith("SIG") ? name : `SIG${name}`;
  if (Object.hasOwn(constants.signals, full)) return full;
  const similar = nearest(full, Object.keys(constants.signals));
  throw new SlurmExecutorError("EXECUTOR_UNKNOWN_SIGNAL", `There is no signal ${JSON.stringify(name)}`, {
    hint: similar === undefined ? "kill -l lists them" : `Did you mean ${similar.slice("SIG".length)}?`,
  });
}

interface CancelScriptOptions {
  readonly jobDir: string;
  readonly flags: readonly string[];
  /** Whether the run directories tell of it. */
  readonly marks: boolean;
  /** All when absent. */
  readonly arrayIndices: readonly number[] | undefined;
}

function renderCancelScript(
  handles: readonly JobHandle[],
  { jobDir, flags, marks, arrayIndices }: CancelScriptOptions,
): string {
  const indices = arrayIndices?.toSorted((a, b) => a - b);
  const elements = indices === undefined ? "" : `_[${renderArraySpec({ indices })}]`;
  const jobs = handles.map((handle) => `${nativeId(handle)} ${relative(handle.runDir, jobDir)}\n`).join("");
  return `command -v scancel >/dev/null 2>&1 || fail tool scancel
cd ${quoteShell(jobDir)} 2>/dev/null || cd /
at=$(date -u +%Y-%m-%dT%H:%M:%SZ) marks=${marks ? "yes" : "''"} by=$(printf '%s' "\${USER:-\${LOGNAME:-unknown}}" | tr -c 'A-Za-z0-9_.@-' _)
ask() {
  [ $# -gt 0 ] || return 0
  said=$(scancel ${flags.join(" ")} "$@" 2>&1) && return
  case $said in *'Invalid job id'* | *'already completing'* | *'already completed'* | *'Job/step already'*) return ;; esac
  say REASON; printf '%s\\n' "$said"; fail unreachable
}
set --
# The job that counts now in the run directory is this one: of an earlier try nothing is marked.
is_current() {
  token=$(sed -n 's/^token=//p' "$dir/submission" 2>/dev/null) commit=$dir/commit
  case \${token##*.} in '' | 1) ;; *) commit=$dir/try-\${token##*.}.commit ;; esac
  [ ! -f "$commit" ] || [ "$(sed -n 's/^job=.*[.]//p' "$commit")" = "$id" ]
}
mark() { # FILE
  [ -e "$1" ] || { printf '%s\\n' version=1 "by=$by" "at=$at" end=1 >"$dir/cancel.tmp" && mv -f "$dir/cancel.tmp" "$1"; }
}
elements=${quoteShell(elements)} indices=${quoteShell((indices ?? []).join(" "))}
while read -r id dir; do
  if [ -n "$marks" ] && [ -d "$dir" ] && is_current; then
    [ -n "$elements" ] || mark "$dir/cancel"
    for index in $indices; do mark "$dir/array-$index.try-\${token##*.}.cancel"; done
  fi
  set -- "$@" "$id$elements"
  if [ $# -ge 100 ]; then ask "$@"; set --; fi
done <<JOBS
${jobs}JOBS
ask "$@"
`;
}
