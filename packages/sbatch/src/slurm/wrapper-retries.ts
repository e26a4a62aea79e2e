/** Whether a job of Slurm begins again, with nobody there: by its budgets, which are counted from the evidence of the attempts before. */
export const retryFunctions = `
# How often a cause has ended an attempt of this try, in slipway_count: CAUSE. What Slurm itself has put back in the queue left no word
# about another attempt: told to end it was preempted (or somebody put it back), and without a last word its node was lost.
slipway_count_cause() {
  slipway_count=0 slipway_number=$slipway_first_attempt
  while [ "$slipway_number" -lt "$slipway_attempt" ]; do
    slipway_before=\${slipway_attempt_base%-*}-$slipway_number slipway_cause=''
    if slipway_load "$slipway_before.exit"; then
      case $slipway_next_attempt:$slipway_outcome:$slipway_exit:$slipway_why in
      :*:terminated) slipway_cause=preempted ;;
      :*) ;;
      *:timed_out:*) slipway_cause=timeout ;;
      *:75:*) slipway_cause=requested ;;
      *) slipway_cause=failed ;;
      esac
    elif [ -e "$slipway_before.start" ]; then slipway_cause=node_failed
    fi
    [ "$slipway_cause" != "$1" ] || slipway_count=$((slipway_count + 1))
    slipway_number=$((slipway_number + 1))
  done
}

# How often it may: CAUSE; in slipway_budget.
slipway_find_budget() {
  slipway_budget=0
  for slipway_each in \${slipway_retries-}; do
    [ "\${slipway_each%%=*}" != "$1" ] || slipway_budget=\${slipway_each#*=}
  done
}

slipway_has_budget() { # CAUSE
  slipway_find_budget "$1"
  [ "$slipway_budget" != unlimited ] || return 0
  slipway_count_cause "$1"
  [ "$slipway_count" -lt "$slipway_budget" ]
}

# Slurm begins again by itself after a preemption and the loss of a node.
slipway_check_budgets() {
  slipway_may_time_out=''
  ! slipway_has_budget timeout || slipway_may_time_out=yes
  [ -n "\${slipway_retries-}" ] && [ "$slipway_attempt" -gt "$slipway_first_attempt" ] || return 0
  for slipway_checked in preempted node_failed; do
    slipway_find_budget "$slipway_checked"
    [ "$slipway_budget" != unlimited ] || continue
    slipway_count_cause "$slipway_checked"
    [ "$slipway_count" -gt "$slipway_budget" ] || continue
    echo "slipway: not begun again: $slipway_checked $slipway_count times, $slipway_budget allowed" >>"$slipway_attempt_base.log"
    slipway_finish outcome=ended exit=1 reason=retries_exhausted
    exit 1
  done
}

# Whether the attempt that has just ended lets another one begin, in slipway_again.
slipway_decide_again() {
  slipway_again=''
  [ -n "\${slipway_retries-}" ] || return 0
  slipway_ended_exit=$slipway_exit slipway_ended_sig=$slipway_sig slipway_ended_status=$slipway_shell_status slipway_ended_why=$slipway_why
  case $slipway_stop:$slipway_why:$slipway_exit in
  timed_out:*) slipway_ended_by=timeout ;;
  cancelled:* | terminated:* | :not_started:* | :runner_killed:* | ::0) slipway_ended_by='' ;;
  *:75) slipway_ended_by=requested ;;
  *) slipway_ended_by=failed ;;
  esac
  if [ -n "$slipway_ended_by" ] && slipway_has_budget "$slipway_ended_by"; then slipway_again=$slipway_ended_by; fi
  slipway_exit=$slipway_ended_exit slipway_sig=$slipway_ended_sig slipway_shell_status=$slipway_ended_status slipway_why=$slipway_ended_why
}

# Asks Slurm for it: the same job, or this element of the array. It waits for about two minutes then, as after every requeue.
slipway_requeue() {
  slipway_own_id=$slipway_id\${slipway_index:+_$slipway_index}
  if slipway_said=$(scontrol requeue "$slipway_own_id" 2>&1); then
    echo "slipway: $slipway_again: begins again as attempt $((slipway_attempt + 1))" >>"$slipway_attempt_base.log"
    return
  fi
  echo "slipway: cannot begin again: scontrol requeue $slipway_own_id: $slipway_said" >>"$slipway_attempt_base.log"
  return 1
}

# The time limit is near: the command is told to end, where another attempt may follow. Else it has the rest of its time.
slipway_on_limit() {
  slipway_graced=yes
  if [ -n "$slipway_may_time_out" ]; then
    slipway_graced=''
    [ -z "$slipway_nap" ] || kill "$slipway_nap" 2>/dev/null
    slipway_end_command TERM timed_out
  else echo "slipway: the time limit is near, after which it does not begin again" >>"$slipway_attempt_base.log"
  fi
}

# Both alarms are slipway's own: the time limit that is near, after a warning, and the grace after TERM.
slipway_on_slurm_alarm() {
  if [ -n "$slipway_graced" ]; then slipway_signal KILL; else slipway_on_limit; fi
}

slipway_on_warning() { # SIGNAL
  slipway_signal "$1"
  [ "$1" = "\${slipway_warning-}" ] || return 0
  slipway_warning=''
  slipway_graced=''
  if [ "$slipway_warning_seconds" -gt 31 ]; then slipway_alarm $((slipway_warning_seconds - 30)); else slipway_alarm 1; fi
}
`;
