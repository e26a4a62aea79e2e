/** The end of every wrapper: runs the command, waits for it, tells how it ended, and exits as it did. */
export const runToTheEnd = `
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
