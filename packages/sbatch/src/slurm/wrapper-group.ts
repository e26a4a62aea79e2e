/** Several commands in one allocation: the first that fails ends the others, and so does the success of one that ends the group. */
export const groupFunctions = `
slipway_run_group() {
  slipway_runners='' slipway_told=''
  for slipway_each in $slipway_members; do
    slipway_member_base=$slipway_attempt_base.$slipway_each
    slipway_record "$slipway_member_base.start" "attempt=$slipway_attempt" "at=$(slipway_now)" || exit 1
    slipway_pipe=''
    if ! slipway_open_pipe "$slipway_member_base" tee -a "$slipway_member_base.log"; then slipway_pipe=$slipway_member_base.log; fi
    slipway_out=$slipway_pipe
    if slipway_open_stderr "$slipway_member_base" "$slipway_member_base.log"; then slipway_run_member "$slipway_each" </dev/null >>"$slipway_out" 2>"$slipway_pipe" &
    else slipway_run_member "$slipway_each" </dev/null >>"$slipway_out" 2>&1 &
    fi
    slipway_runner=$!
    slipway_runners="$slipway_runners $slipway_each=$!"
  done
  [ -z "$slipway_stop" ] || slipway_end_command TERM "$slipway_stop"
  slipway_rounds=0
  while slipway_look_at_members; do
    if [ -n "$slipway_first" ] && [ -z "$slipway_told" ]; then
      slipway_told=yes slipway_graced=yes
      slipway_signal TERM
      slipway_alarm "$slipway_grace_seconds"
    fi
    slipway_rounds=$((slipway_rounds + 1))
    if [ "$slipway_rounds" -lt 50 ]; then slipway_sleep 0.1; else slipway_sleep 1; fi
  done
  slipway_alarm_off
  slipway_whole_base=$slipway_attempt_base
  for slipway_each in $slipway_members; do
    slipway_attempt_base=$slipway_whole_base.$slipway_each
    slipway_end_strays
  done
  slipway_attempt_base=$slipway_whole_base
  slipway_close_pipes
  slipway_exit=0 slipway_sig='' slipway_shell_status='' slipway_why=''
  [ -z "$slipway_first" ] || slipway_load "$slipway_attempt_base.$slipway_first.exit"
  if [ -n "$slipway_first" ] && [ "$slipway_exit" != 0 ]; then
    slipway_first_member=$slipway_first
    slipway_why=\${slipway_why:-member_failed}
  elif [ -n "$slipway_stop" ]; then slipway_exit='' slipway_sig=15
  fi
}

slipway_run_member() { # MEMBER
  slipway_member=$1 slipway_attempt_base=$slipway_member_base
  slipway_start_member "$1"
}

# Tells the end of each member that has ended. Fails when all have.
slipway_look_at_members() {
  slipway_all_ended=yes
  for slipway_each in $slipway_runners; do
    slipway_name=\${slipway_each%%=*} slipway_member_base=$slipway_attempt_base.\${slipway_each%%=*}
    [ ! -e "$slipway_member_base.exit" ] || continue
    if ! slipway_load "$slipway_member_base.status"; then
      if kill -0 "\${slipway_each#*=}" 2>/dev/null; then slipway_all_ended=''; continue; fi
      slipway_load "$slipway_member_base.status" || slipway_why=not_started # Its runner is gone without a word.
    fi
    [ -n "$slipway_first" ] || slipway_await_word
    slipway_ended_as=ended
    if [ -z "$slipway_first$slipway_stop" ]; then
      if [ "$slipway_exit" != 0 ]; then slipway_first=$slipway_name
      else case " $slipway_ends_group " in *" $slipway_name "*) slipway_first=$slipway_name ;; esac
      fi
    elif [ "$slipway_exit" != 0 ]; then slipway_ended_as=cancelled slipway_why=group_ended
    fi
    set -- "outcome=$slipway_ended_as"
    [ -z "$slipway_exit" ] || set -- "$@" "exit=$slipway_exit"
    [ -z "$slipway_sig" ] || set -- "$@" "signal=$slipway_sig"
    [ -z "$slipway_shell_status" ] || set -- "$@" "shell_status=$slipway_shell_status"
    [ -z "$slipway_why" ] || set -- "$@" "reason=$slipway_why"
    slipway_record "$slipway_member_base.exit" "$@" "at=$(slipway_now)"
  done
  [ -z "$slipway_all_ended" ]
}

# To the command's process group, or to those of all members that run. Fails when none does.
slipway_signal() { # SIGNAL
  slipway_reached=1
  for slipway_suffix in \${slipway_members:-.}; do
    slipway_to=$slipway_attempt_base slipway_to_runner=$slipway_runner
    if [ -n "\${slipway_members-}" ]; then
      slipway_to=$slipway_attempt_base.$slipway_suffix slipway_to_runner=''
      for slipway_entry in $slipway_runners; do [ "\${slipway_entry%%=*}" != "$slipway_suffix" ] || slipway_to_runner=\${slipway_entry#*=}; done
      [ ! -e "$slipway_to.exit" ] || continue
    fi
    while [ ! -e "$slipway_to.group" ] && [ -n "$slipway_to_runner" ] && kill -0 "$slipway_to_runner" 2>/dev/null; do
      sleep 0.05 2>/dev/null || sleep 1
    done
    # A signal comes at any time: what is read here stands in no variable that others read.
    slipway_to_group=''
    [ -r "$slipway_to.group" ] || continue
    while IFS='=' read -r slipway_to_key slipway_to_value; do
      [ "$slipway_to_key" != pid ] || slipway_to_group=$slipway_to_value
    done <"$slipway_to.group"
    case $slipway_to_group in '' | *[!0-9]*) continue ;; esac
    kill "-$1" "-$slipway_to_group" 2>/dev/null || continue
    [ "$1" != TERM ] || kill -CONT "-$slipway_to_group" 2>/dev/null
    slipway_reached=0
  done
  return "$slipway_reached"
}
`;
