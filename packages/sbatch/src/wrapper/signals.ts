/** Signals, and the two alarms: the time limit, and the grace between TERM and KILL. */
export const signalFunctions = `
# To the command's process group. Fails when it has ended.
slipway_signal() {
  while [ ! -e "$slipway_attempt_base.group" ] && kill -0 "$slipway_runner" 2>/dev/null; do sleep 0.05 2>/dev/null || sleep 1; done
  slipway_load "$slipway_attempt_base.group" && kill "-$1" "-$slipway_pid" 2>/dev/null
}

slipway_end_command() { # SIGNAL WHY
  if slipway_signal "$1"; then
    kill -CONT "-$slipway_pid" 2>/dev/null
    [ -n "$slipway_stop" ] || slipway_stop=$2
    [ -n "$slipway_graced" ] || { slipway_graced=yes; slipway_alarm "$slipway_grace_seconds"; }
  fi
}

slipway_on_signal() {
  slipway_reason=terminated
  [ -z "\${slipway_ending_of_group-}" ] || [ ! -e "$slipway_ending_of_group" ] || slipway_reason=group_ended
  ! slipway_is_cancelled || slipway_reason=cancelled
  [ -z "$slipway_nap" ] || kill "$slipway_nap" 2>/dev/null
  if [ -n "$slipway_runner" ]; then slipway_end_command "$1" "$slipway_reason"
  elif [ -z "$slipway_stop" ]; then slipway_stop=$slipway_reason
  fi
}

slipway_on_alarm() {
  if [ -n "$slipway_graced" ]; then slipway_signal KILL; else slipway_end_command TERM timed_out; fi
}

slipway_alarm() { # SECONDS
  slipway_alarm_off
  (
    trap 'kill "$slipway_nap" 2>/dev/null; exit' TERM
    trap - INT HUP ALRM
    sleep "$1" &
    slipway_nap=$!
    wait "$slipway_nap"
    slipway_find $$ && [ "$slipway_found" = "$slipway_start" ] && kill -ALRM $$
  ) </dev/null >/dev/null 2>&1 &
  slipway_timer=$!
}

slipway_alarm_off() {
  [ -z "$slipway_timer" ] || kill "$slipway_timer" 2>/dev/null
  slipway_timer=''
}
`;
