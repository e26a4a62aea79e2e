import { attemptFunctions } from "./attempts.ts";
import { commitFunction, endFunction, evidenceFunctions } from "./evidence.ts";
import { jobRecordFunctions } from "./job-record.ts";
import { partFunctions } from "./parts.ts";
import { pipeFunctions } from "./pipes.ts";
import { runFunctions } from "./run.ts";
import { signalFunctions } from "./signals.ts";
import { slotFunctions } from "./slots.ts";
import { waitFunctions } from "./wait.ts";

/** The wrapper of a job on a machine without a scheduler: it waits for its needs, bounds what runs, begins again, and keeps the time limit. */
export function renderLocalWrapper(): string {
  return [
    evidenceFunctions,
    commitFunction,
    jobRecordFunctions,
    endFunction,
    waitFunctions,
    slotFunctions,
    signalFunctions,
    pipeFunctions,
    runFunctions,
    attemptFunctions,
    partFunctions,
    main,
  ].join("");
}

const main = `
unset CDPATH
case $0 in */*) cd -- "\${0%/*}" || exit 1 ;; esac
slipway_script=\${0##*/}
slipway_dir=$PWD
slipway_outputs=$slipway_dir/run
[ -z "$slipway_run_dir_of" ] || slipway_outputs=\${slipway_dir%/*}/$slipway_run_dir_of/run
slipway_code_dir=$slipway_dir/code slipway_run_dir=$slipway_outputs\${slipway_index:+/$slipway_index}
slipway_stop='' slipway_nap='' slipway_runner='' slipway_timer='' slipway_graced='' slipway_slots_held='' slipway_copy='' slipway_work='' slipway_readers=''
[ ! -r first_attempt ] || read -r slipway_attempt <first_attempt # Earlier tries had those before.
slipway_commit_file=\${slipway_index:+array-$slipway_index.}commit
if [ -n "$slipway_member" ]; then # Its group begins again, waits, and has the processors.
  slipway_attempt=$slipway_member_attempt slipway_retries='' slipway_slots='' slipway_needs=''
  slipway_commit_file=attempt-$slipway_attempt.$slipway_member.commit
  slipway_ending_of_group=attempt-$slipway_attempt.ending
fi
slipway_attempt_base=$slipway_dir/\${slipway_index:+array-$slipway_index.}attempt-$slipway_attempt\${slipway_member:+.$slipway_member}
[ -z "\${SLIPWAY_RUN_DIR-}" ] || slipway_slots='' # Submitted by a job, which may wait for it, and has its processors.
trap 'slipway_on_signal TERM' TERM
trap 'slipway_on_signal INT' INT
trap 'slipway_on_signal HUP' HUP
trap slipway_on_local_alarm ALRM

slipway_find_boot
slipway_find_host
slipway_commit || exit 1
[ -n "$slipway_index$slipway_member" ] || slipway_await_release
slipway_await_needs
slipway_check_cancelled
[ -z "$slipway_member" ] || [ ! -e "$slipway_ending_of_group" ] || slipway_not_run group_ended
if [ -n "$slipway_array" ] && [ -z "$slipway_index" ]; then slipway_run_array; fi
slipway_choose_runner
mkdir -p -- "$slipway_run_dir"
slipway_take_slots
slipway_attempts "$@"
`;
