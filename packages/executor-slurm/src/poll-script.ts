import { quoteCommand, quoteShell } from "@slipway/core";
import type { JobHandle } from "@slipway/core";
import { sacctCommand, squeueCommand } from "@slipway/sbatch";

import { nativeId } from "./native-id.ts";

export interface PollScriptOptions {
  readonly jobDir: string;
  readonly handles: readonly JobHandle[];
  /** Whether Slurm is asked at all. */
  readonly asksQueue: boolean;
  /** Whether sacct is asked about jobs whose end nothing else tells. */
  readonly asksAccounting: boolean;
}

/**
 * One script about all jobs: squeue first, then the jobs' own files, so that no end is missed; then sacct, only about those that squeue does
 * not list and whose files do not tell of a success. Answers AT TIME, SQUEUE CODE, FILE PATH for each file of a run directory, SACCT CODE.
 */
export function renderPollScript({ jobDir, handles, asksQueue, asksAccounting }: PollScriptOptions): string {
  const jobs = handles.map((handle) => `${nativeId(handle)} ${relative(handle.runDir, jobDir)}\n`).join("");
  return [
    `cd ${quoteShell(jobDir)} 2>/dev/null || cd /\n`,
    `jobs=${quoteShell(jobs)}\n`,
    common,
    asksQueue ? askQueue : "listed='' failed=''\n",
    readFiles,
    asksAccounting ? askAccounting : "",
  ].join("");
}

/** How the answer names a job's run directory: short, below the job_dir. */
export function relative(runDir: string, jobDir: string): string {
  return runDir.startsWith(`${jobDir}/`) ? runDir.slice(jobDir.length + 1) : runDir;
}

const common = `
say AT "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
`;

const askQueue = `
command -v squeue >/dev/null 2>&1 || fail tool squeue
queue=$(${quoteCommand(squeueCommand())})
say SQUEUE $?
printf '%s\\n' "$queue"
listed=" $(printf '%s\\n' "$queue" | awk -F '|' '{ sub(/[_+].*/, "", $2); if (!seen[$2]++) printf "%s ", $2 }')"
failed=" $(printf '%s\\n' "$queue" | awk -F '|' '$3 == "FAILED" { sub(/[_+].*/, "", $2); if (!seen[$2]++) printf "%s ", $2 }')"
`;

/** All files in few processes: awk prints each after its name. */
const readFiles = `
print_files() { [ $# -eq 0 ] || awk -v tag="$tag" 'FNR == 1 { printf "\\n%s FILE %s\\n", tag, FILENAME } { print }' "$@"; }
wanted='' set=''
set --
while read -r id dir; do
  [ -d "$dir" ] || continue
  ended='' good=''
  for file in "$dir"/submission "$dir"/commit "$dir"/cancel "$dir"/*attempt-*.start "$dir"/*attempt-*.status "$dir"/*attempt-*.exit; do
    [ -f "$file" ] || continue
    set -- "$@" "$file"
    case $file in */attempt-*.exit)
      ended=yes good=''
      while read -r line; do case $line in exit=0) good=yes ;; reason=*) good='' ;; esac; done <"$file" ;;
    esac
  done
  case $listed in
  *" $id "*) case $failed in *" $id "*) [ -n "$ended" ] || wanted="$wanted,$id" ;; esac ;;
  *) [ -n "$good" ] || wanted="$wanted,$id" ;;
  esac
  if [ $# -ge 500 ]; then print_files "$@"; set --; fi
done <<JOBS
$jobs
JOBS
print_files "$@"
`;

const askAccounting = `
if [ -n "$wanted" ] && command -v sacct >/dev/null 2>&1; then
  accounting=$(${quoteCommand(sacctCommand(["1"])).replace("--jobs=1", '--jobs="${wanted#,}"')})
  say SACCT $?
  printf '%s\\n' "$accounting"
fi
`;
