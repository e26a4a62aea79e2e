import { quoteCommand, quoteShell } from "@slipway/core";
import type { JobHandle } from "@slipway/core";
import { sacctCommand, squeueCommand } from "@slipway/sbatch";

import { nativeId } from "./native-id.ts";

export interface PollScriptOptions {
  readonly jobDir: string;
  readonly handles: readonly JobHandle[];
  /** Undefined to ask squeue; else what it said a moment ago. */
  readonly queue: KnownQueue | undefined;
  /** Whether to ask first, by a tool that answers at once, if the controller is up at all. */
  readonly pings: boolean;
  /** Undefined not to ask sacct; else the ids that it was asked about a moment ago. */
  readonly accounted: readonly string[] | undefined;
}

/** Ids of jobs, of arrays the whole's. */
export interface KnownQueue {
  readonly listed: readonly string[];
  readonly failed: readonly string[];
}

/**
 * One script about all jobs: squeue first, then the jobs' own files, so that no end is missed; then sacct, only about those that squeue does
 * not list, or lists as failed, and whose files do not tell the end. Answers AT TIME, SQUEUE CODE SECONDS, FILE PATH for each file of a run
 * directory, SACCT CODE IDS.
 */
export function renderPollScript({ jobDir, handles, queue, pings, accounted }: PollScriptOptions): string {
  const jobs = handles.map((handle) => `${nativeId(handle)} ${relative(handle.runDir, jobDir)}\n`).join("");
  return [
    `cd ${quoteShell(jobDir)} 2>/dev/null || cd /\n`,
    `jobs=${quoteShell(jobs)}\n`,
    `say AT "$(date -u +%Y-%m-%dT%H:%M:%SZ)"\n`,
    queue ? `listed=${spaced(queue.listed)} failed=${spaced(queue.failed)}\n` : `${pings ? ping : "up=yes"}${askQueue}`,
    `accounted=${spaced(accounted ?? [])}\n`,
    readFiles,
    accounted ? askAccounting : "",
  ].join("");
}

function spaced(ids: readonly string[]): string {
  return quoteShell(` ${ids.join(" ")} `);
}

/** How the answer names a job's run directory: short, below the job_dir. */
export function relative(runDir: string, jobDir: string): string {
  return runDir.startsWith(`${jobDir}/`) ? runDir.slice(jobDir.length + 1) : runDir;
}

const ping = `case $(scontrol ping 2>/dev/null) in *' is UP'*) up=yes ;; *) up='' ;; esac`;

const askQueue = `
command -v squeue >/dev/null 2>&1 || fail tool squeue
began=$(date +%s) queue='' code=1
if [ -n "$up" ]; then
  queue=$(${quoteCommand(squeueCommand())})
  code=$?
fi
say SQUEUE "$code" $(($(date +%s) - began))
printf '%s\\n' "$queue"
listed=" $(printf '%s\\n' "$queue" | awk -F '|' '{ sub(/[_+].*/, "", $2); if (!seen[$2]++) printf "%s ", $2 }')"
failed=" $(printf '%s\\n' "$queue" | awk -F '|' '$3 == "FAILED" { sub(/[_+].*/, "", $2); if (!seen[$2]++) printf "%s ", $2 }')"
`;

/** All files in few processes: awk prints each after its name. */
const readFiles = `
print_files() { [ $# -eq 0 ] || awk -v tag="$tag" 'FNR == 1 { printf "\\n%s FILE %s\\n", tag, FILENAME } { print }' "$@"; }
wanted=''
set --
while read -r id dir; do
  [ -d "$dir" ] || continue
  ended='' good=''
  for file in "$dir"/submission "$dir"/try-*/submission "$dir"/commit "$dir"/try-*.commit "$dir"/cancel "$dir"/array-*.cancel "$dir"/try-*/cancel "$dir"/*attempt-*.start "$dir"/*attempt-*.status "$dir"/*attempt-*.exit; do
    [ -f "$file" ] || continue
    set -- "$@" "$file"
    case \${file##*/} in
    attempt-*.*.exit) ;; # Of a group's member.
    attempt-*.exit)
      ended=yes good=''
      while read -r line; do case $line in exit=0) good=yes ;; reason=*) good='' ;; esac; done <"$file" ;;
    esac
  done
  if [ $# -ge 500 ]; then print_files "$@"; set --; fi
  case $accounted in *" $id "*) continue ;; esac
  case $listed in
  *" $id "*) case $failed in *" $id "*) [ -n "$ended" ] || wanted="$wanted,$id" ;; esac ;;
  *) [ -n "$good" ] || wanted="$wanted,$id" ;;
  esac
done <<JOBS
$jobs
JOBS
print_files "$@"
`;

const askAccounting = `
if [ -n "$wanted" ] && command -v sacct >/dev/null 2>&1; then
  accounting=$(${quoteCommand(sacctCommand(["1"])).replace("--jobs=1", '--jobs="${wanted#,}"')})
  say SACCT $? "\${wanted#,}"
  printf '%s\\n' "$accounting"
fi
`;
