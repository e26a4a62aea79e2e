/** A local job's attempts: it begins again as often as its budgets allow, and each attempt has a log and an end of its own. */
export const attemptFunctions = `
# One attempt: runs the command, waits for its end, and leaves how it ended in variables.
slipway_attempt_command() { # COMMAND...
  if slipway_open_stderr "$slipway_attempt_base"; then slipway_run "$@" </dev/null >>"$slipway_attempt_base.log" 2>"$slipway_pipe" &
  else slipway_run "$@" </dev/null >>"$slipway_attempt_base.log" 2>&1 &
  fi
  slipway_runner=$!
  slipway_start_alarm
  [ -z "$slipway_stop" ] || slipway_end_command TERM "$slipway_stop"
  # A signal ends wait early: wait again until the runner is really gone.
  while wait "$slipway_runner"; slipway_code=$?; [ "$slipway_code" -gt 128 ] && kill -0 "$slipway_runner" 2>/dev/null; do :; done
  slipway_alarm_off
  slipway_ended_by=$slipway_stop slipway_runner=''
  slipway_end_strays
  [ -z "$slipway_readers" ] || slipway_close_pipes
  slipway_load "$slipway_attempt_base.status" || slipway_why=not_started # The runner has no word about the command.
  [ "$slipway_why:$slipway_code" != not_started:137 ] || slipway_why=runner_killed
}

# The time limit, and the warning before it.
slipway_start_alarm() {
  slipway_graced='' slipway_warned=''
  [ -n "$slipway_time_limit_seconds" ] || return 0
  slipway_until_warning=0
  [ -z "$slipway_warning_signal" ] || slipway_until_warning=$((slipway_time_limit_seconds - slipway_warning_seconds))
  if [ -z "$slipway_warning_signal" ]; then slipway_alarm "$slipway_time_limit_seconds"
  elif [ "$slipway_until_warning" -gt 0 ]; then slipway_alarm "$slipway_until_warning"
  else slipway_alarm 1
  fi
}

slipway_on_local_alarm() {
  if [ -n "$slipway_warning_signal" ] && [ -z "$slipway_warned" ] && [ -z "$slipway_stop" ]; then
    slipway_warned=yes
    slipway_signal "$slipway_warning_signal"
    slipway_alarm "$slipway_warning_seconds"
  else slipway_on_alarm
  fi
}

# Whether what ended the attempt lets another one begin: then its number is in slipway_next.
slipway_decide_next() {
  slipway_next=''
  [ "$slipway_stop" = "$slipway_ended_by" ] || return 0 # Somebody ends the job now.
  case $slipway_ended_by:$slipway_why:$slipway_exit in
  cancelled:* | terminated:* | group_ended:* | *:code_missing:* | *:not_started:* | *:runner_killed:*) return ;;
  timed_out:*) slipway_cause=timeout ;;
  *:0) return ;;
  *:75) slipway_cause=requested ;;
  *) slipway_cause=failed ;;
  esac
  slipway_budget=0 slipway_left=''
  for slipway_each in $slipway_retries; do
    if [ "\${slipway_each%%=*}" = "$slipway_cause" ]; then slipway_budget=\${slipway_each#*=}; else slipway_left="$slipway_left $slipway_each"; fi
  done
  case $slipway_budget in
  unlimited) ;;
  0) return ;;
  *) slipway_retries="$slipway_left $slipway_cause=$((slipway_budget - 1))" ;;
  esac
  slipway_next=$((slipway_attempt + 1))
}

# All attempts; exits as the last one did.
slipway_attempts() { # COMMAND...
  while :; do
    slipway_attempt_base=$slipway_dir/\${slipway_index:+array-$slipway_index.}attempt-$slipway_attempt\${slipway_member:+.$slipway_member}
    slipway_check_cancelled
    slipway_prepare_code
    slipway_record "$slipway_attempt_base.start" "attempt=$slipway_attempt" "try=\${slipway_token##*.}" "nodes=$slipway_host" "at=$(slipway_now)" || exit 1
    slipway_tell_record
    slipway_check_cancelled
    slipway_exit='' slipway_sig='' slipway_shell_status='' slipway_why=''
    if [ -n "$slipway_members" ] && [ -z "$slipway_member" ]; then slipway_attempt_group; else slipway_attempt_command "$@"; fi
    slipway_decide_next
    if [ -z "$slipway_next" ]; then
      trap '' TERM INT HUP ALRM
      slipway_give_slots
    fi
    slipway_tell_end
    [ -n "$slipway_next" ] || break
    [ "$slipway_stop" != timed_out ] || slipway_stop=''
    slipway_attempt=$slipway_next
    [ "$slipway_attempt" -lt 4 ] || slipway_pause 1 # What fails at once, again and again, is given a moment.
  done
  [ -z "$slipway_copy" ] || [ "$slipway_code" != 0 ] || rm -rf -- "$slipway_copy"
  exit "$slipway_code"
}

slipway_tell_end() {
  case $slipway_ended_by in
  cancelled | timed_out) set -- "outcome=$slipway_ended_by" ;;
  group_ended) slipway_why=group_ended && set -- outcome=cancelled ;;
  terminated) slipway_why=terminated && set -- outcome=ended ;;
  *) set -- outcome=ended ;;
  esac
  slipway_code=126
  [ -z "$slipway_exit" ] || { slipway_code=$slipway_exit && set -- "$@" "exit=$slipway_exit"; }
  [ -z "$slipway_sig" ] || { slipway_code=$((128 + slipway_sig)) && set -- "$@" "signal=$slipway_sig"; }
  [ -z "$slipway_shell_status" ] || { slipway_code=$slipway_shell_status && set -- "$@" "shell_status=$slipway_shell_status"; }
  [ -z "$slipway_why" ] || set -- "$@" "reason=$slipway_why"
  [ -z "$slipway_next" ] || set -- "$@" "next=$slipway_next"
  slipway_finish "$@"
}

# The code to run in: the shared one, or a writable copy of this attempt's own.
slipway_prepare_code() {
  if [ ! -d code/. ]; then
    echo "slipway: the code of this job is gone: $slipway_dir/code" >"$slipway_attempt_base.log"
    slipway_finish outcome=ended exit=126 reason=code_missing
    slipway_give_slots
    exit 126
  fi
  slipway_copy=''
  [ "$slipway_workdir" = copy ] || return 0
  slipway_copy=$slipway_attempt_base.code
  mkdir -p -- "$slipway_copy" && { cp -R --reflink=auto -- code/. "$slipway_copy" 2>/dev/null || cp -R -- code/. "$slipway_copy"; } &&
    chmod -R u+w -- "$slipway_copy" || {
    echo "slipway: the code could not be copied to $slipway_copy" >"$slipway_attempt_base.log"
    slipway_finish outcome=ended exit=126 reason=code_missing
    slipway_give_slots
    exit 126
  }
  slipway_code_dir=$slipway_copy slipway_work=$slipway_copy
}
`;
