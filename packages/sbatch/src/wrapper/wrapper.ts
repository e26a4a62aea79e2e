import { commitFunction, endFunction, evidenceFunctions } from "./evidence.ts";
import { runToTheEnd } from "./outcome.ts";
import { runFunctions } from "./run.ts";
import { signalFunctions } from "./signals.ts";
import { waitFunctions } from "./wait.ts";

/** The wrapper of a job on this machine: it waits for its needs and keeps the time limit itself, as no scheduler does. */
export function renderLocalWrapper(): string {
  return [
    evidenceFunctions,
    commitFunction,
    endFunction,
    waitFunctions,
    signalFunctions,
    runFunctions,
    main,
    runToTheEnd,
  ].join("");
}

const main = `
unset CDPATH
case $0 in */*) cd -- "\${0%/*}" || exit 1 ;; esac
slipway_dir=$PWD
slipway_code_dir=$slipway_dir/code slipway_run_dir=$slipway_dir/run
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
`;
