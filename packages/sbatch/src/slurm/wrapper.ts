import { endFunction, evidenceFunctions } from "../wrapper/evidence.ts";
import { jobRecordFunctions } from "../wrapper/job-record.ts";
import { pipeFunctions } from "../wrapper/pipes.ts";
import { runFunctions } from "../wrapper/run.ts";
import { signalFunctions } from "../wrapper/signals.ts";
import { attemptFunctions } from "./wrapper-attempt.ts";
import { groupFunctions } from "./wrapper-group.ts";
import { retryFunctions } from "./wrapper-retries.ts";

/** The script's name in the run directory. */
export const sbatchScriptName = "job.sbatch";

/**
 * The wrapper of a job that Slurm starts. Slurm waits for its needs and keeps its time limit; what it tells of the end of an attempt it
 * tells to the wrapper by TERM, and kills what is left after its KillWait. A SIGCONT, which comes before, does nothing.
 */
export function renderSlurmWrapper({ holdCode }: { readonly holdCode: string }): string {
  const holding = `\nslipway_hold_code() {\n${holdCode === "" ? "  :" : holdCode.trimEnd()}\n}\n`;
  return [
    evidenceFunctions,
    jobRecordFunctions,
    endFunction,
    signalFunctions,
    pipeFunctions,
    runFunctions,
    attemptFunctions,
    groupFunctions,
    retryFunctions,
    holding,
    main,
  ].join("");
}

const main = `
unset CDPATH
slipway_stop='' slipway_nap='' slipway_runner='' slipway_timer='' slipway_readers='' slipway_first='' slipway_first_member='' slipway_told_to_end=''
slipway_time_limit_seconds='' slipway_grace_seconds=10 slipway_graced=yes # Slurm has both alarms, unless slipway ends the command itself.
trap 'slipway_on_end TERM' TERM
trap 'slipway_on_end INT' INT
trap 'slipway_on_end HUP' HUP
trap 'slipway_on_warning USR1' USR1
trap 'slipway_on_warning USR2' USR2
trap slipway_on_limit XCPU
trap slipway_on_slurm_alarm ALRM

if [ ! -f "$slipway_dir/${sbatchScriptName}" ]; then
  echo "slipway: $slipway_dir is not this job's directory: submit ${sbatchScriptName} from the directory it lies in" >&2
  exit 1
fi
case $slipway_code_dir:$slipway_dir in
/slipway/code:*[:,]*)
  echo "slipway: $slipway_dir cannot be mounted in a container: there is a ':' or ',' in it" >&2
  exit 1
  ;;
esac
slipway_owner='' slipway_first_attempt=1 slipway_commit=commit
if [ -f submission ]; then
  while IFS='=' read -r slipway_key slipway_value; do
    case $slipway_key in
    token) [ "\${slipway_value##*.}" = 1 ] || slipway_commit=try-\${slipway_value##*.}.commit ;;
    first_attempt) case $slipway_value in '' | *[!0-9]*) ;; *) slipway_first_attempt=$slipway_value ;; esac ;;
    esac
  done <submission
fi
if [ -f "$slipway_commit" ]; then
  while IFS='=' read -r slipway_key slipway_value; do
    [ "$slipway_key" != job ] || slipway_owner=\${slipway_value##*.} # CLUSTER.ID
  done <"$slipway_commit"
fi
slipway_id=\${SLURM_HET_JOB_ID:-\${SLURM_ARRAY_JOB_ID:-\${SLURM_JOB_ID-}}}
if [ -n "$slipway_owner" ] && [ "$slipway_owner" != "$slipway_id" ]; then
  echo "slipway: this directory belongs to job $slipway_owner; the first lines of ${sbatchScriptName} say how to run it again" >&2
  exit 1
fi

slipway_index=\${SLURM_ARRAY_TASK_ID-} slipway_member=''
slipway_attempt=$((slipway_first_attempt + \${SLURM_RESTART_COUNT:-0}))
slipway_attempt_base=$slipway_dir/\${slipway_index:+array-$slipway_index.}attempt-$slipway_attempt
slipway_find_boot
slipway_find $$
slipway_start=$slipway_found
slipway_check_budgets
slipway_choose_runner
mkdir -p -- "$slipway_outputs"
if ! slipway_hold_code >>"$slipway_attempt_base.log" 2>&1 || [ ! -d code/. ]; then
  echo "slipway: the code of this job is gone: $slipway_dir/code" >>"$slipway_attempt_base.log"
  slipway_finish outcome=ended exit=126 reason=code_missing
  exit 126
fi
slipway_copy_code
slipway_find_nodes
slipway_slurm=$(scontrol --version 2>/dev/null)
slipway_record "$slipway_attempt_base.start" "attempt=$slipway_attempt" "try=\${slipway_token##*.}" "job=\${SLURM_JOB_ID-}" "node=\${SLURMD_NODENAME-}" \\
  "nodes=$slipway_nodes" "slurm=\${slipway_slurm##* }" "at=$(slipway_now)" || exit 1
slipway_tell_record
if [ -n "\${slipway_members-}" ]; then slipway_run_group; else slipway_run_command "$@"; fi
slipway_end_attempt
`;
