import { commitFunction, endFunction, evidenceFunctions } from "./evidence.ts";
import { runFunctions } from "./run.ts";
import { signalFunctions } from "./signals.ts";
import { waitFunctions } from "./wait.ts";

/** The wrapper of a job on this machine: it waits for its needs and keeps the time limit itself, as no scheduler does. */
export function renderLocalWrapper(): string {
  return [evidenceFunctions, commitFunction, endFunction, waitFunctions, signalFunctions, runFunctions, main].join("");
}

const main = `
unset CDPATH
case $0 in */*) cd -- "\${0%/*}" || exit 1 ;; esac
slipway_dir=$PWD
slipway_attempt_base=$slipway_dir/attempt-$slipway_attempt
slipway_stop='' slipway_nap='' slipway_runner='' slipway_timer='' slipway_graced=''
trap 'slipway_on_signal TERM' TERM
trap 'slipway_on_signal INT' INT
trap 'slipway_on_signal HUP' HUP
trap slipway_on_alarm ALRM

slipway_find_boot
slipway_commit || exit 1
slipway_await_release
slipway_await_needs
slipway_check_cancelled
slipway_choose_runner
mkdir -p run
if [ ! -d code/. ]; then
  echo "slipway: the code of this job is gone: $slipway_dir/code" >"$slipway_attempt_base.log"
  slipway_finish outcome=ended exit=126 reason=code_missing
  exit 126
fi
slipway_record "$slipway_attempt_base.start" "attempt=$slipway_attempt" "at=$(slipway_now)" || exit 1
slipway_check_cancelled

slipway_run "$@" </dev/null >>"$slipway_attempt_base.log" 2>&1 &
slipway_runner=$!
[ -z "$slipway_time_limit_seconds" ] || slipway_alarm "$slipway_time_limit_seconds"
[ -z "$slipway_stop" ] || slipway_end_command TERM "$slipway_stop"
# A signal ends wait early: wait again until the runner is really gone.
while wait "$slipway_runner"; slipway_code=$?; [ "$slipway_code" -gt 128 ] && kill -0 "$slipway_runner" 2>/dev/null; do :; done
slipway_alarm_off
trap '' TERM INT HUP ALRM
slipway_end_strays

slipway_load "$slipway_attempt_base.status" || slipway_why=not_started # The runner has no word about the command.
[ "$slipway_why:$slipway_code" != not_started:137 ] || slipway_why=runner_killed
[ "$slipway_stop" != terminated ] || slipway_why=terminated
case $slipway_stop in
cancelled | timed_out) set -- "outcome=$slipway_stop" ;;
*) set -- outcome=ended ;;
esac
slipway_code=126
[ -z "$slipway_exit" ] || { slipway_code=$slipway_exit && set -- "$@" "exit=$slipway_exit"; }
[ -z "$slipway_sig" ] || { slipway_code=$((128 + slipway_sig)) && set -- "$@" "signal=$slipway_sig"; }
[ -z "$slipway_shell_status" ] || { slipway_code=$slipway_shell_status && set -- "$@" "shell_status=$slipway_shell_status"; }
[ -z "$slipway_why" ] || set -- "$@" "reason=$slipway_why"
slipway_finish "$@"
exit "$slipway_code"
`;
