/** One attempt of a job of Slurm: runs the command, waits for it, tells how it ended, and exits as it did. */
export const attemptFunctions = `
# What a job's tasks print is one log, and one of each task's own: srun says with a label whose each line is.
slipway_rank_reader='
use strict;
my ($base) = @ARGV;
my (%file, $buffer);
$| = 1;
while (sysread(STDIN, $buffer, 65536, length($buffer // ""))) {
  while ($buffer =~ s/\\A([^\\n]*\\n)//) { line($1) }
}
line($buffer) if length($buffer // "");
sub line {
  my ($text) = @_;
  if ($text =~ s/\\A *(\\d{1,7}): ?//) {
    my $rank = $1 + 0;
    if (!$file{$rank}) {
      open($file{$rank}, ">>", "$base.rank-$rank.log") or $file{$rank} = undef;
      if ($file{$rank}) { my $old = select($file{$rank}); $| = 1; select($old) }
    }
    print { $file{$rank} } $text if $file{$rank};
  }
  print $text;
}'

# All nodes of the job, those of a heterogeneous one's components too, in slipway_nodes; in the form of hostlists.
slipway_find_nodes() {
  slipway_nodes=\${SLURM_JOB_NODELIST-} slipway_component=1
  while eval "slipway_more=\\\${SLURM_JOB_NODELIST_HET_GROUP_$slipway_component-}" && [ -n "$slipway_more" ]; do
    slipway_nodes=$slipway_nodes,$slipway_more slipway_component=$((slipway_component + 1))
  done
  [ "\${#slipway_nodes}" -le 4000 ] || slipway_nodes=$(printf '%.4000s' "$slipway_nodes")...
}

# A short wait that a signal ends.
slipway_sleep() {
  sleep "$1" 2>/dev/null &
  slipway_nap=$!
  wait "$slipway_nap" || [ -n "$slipway_stop" ] || sleep 1 # This sleep knows whole seconds only, or a signal came.
  slipway_nap=''
}

# Who ends a job tells all its processes: the command may be gone when the wrapper hears of it.
slipway_on_end() { # SIGNAL
  slipway_told_to_end=terminated
  slipway_on_signal "$1"
}

# Whether the death of a command by a signal was the job's end, which the wrapper may hear of a moment later.
slipway_await_word() {
  [ -n "$slipway_sig" ] && [ -z "$slipway_stop" ] || return 0
  [ -n "$slipway_told_to_end" ] || slipway_is_cancelled || slipway_sleep 0.5
  if slipway_is_cancelled; then slipway_stop=cancelled; else slipway_stop=\${slipway_stop:-$slipway_told_to_end}; fi
}

slipway_run_command() { # COMMAND...
  slipway_out=$slipway_attempt_base.log
  if [ -n "\${slipway_ranks-}" ] && [ "$slipway_runner_kind" = perl ] &&
    slipway_open_pipe "$slipway_attempt_base" "$slipway_tool" -e "$slipway_rank_reader" "$slipway_attempt_base"; then
    slipway_out=$slipway_pipe
  fi
  if slipway_open_stderr "$slipway_attempt_base"; then slipway_run "$@" </dev/null >>"$slipway_out" 2>"$slipway_pipe" &
  else slipway_run "$@" </dev/null >>"$slipway_out" 2>&1 &
  fi
  slipway_runner=$!
  [ -z "$slipway_stop" ] || slipway_end_command TERM "$slipway_stop"
  # A signal ends wait early: wait again until the runner is really gone.
  while wait "$slipway_runner"; slipway_code=$?; [ "$slipway_code" -gt 128 ] && kill -0 "$slipway_runner" 2>/dev/null; do :; done
  slipway_alarm_off
  slipway_end_strays
  slipway_close_pipes
  slipway_load "$slipway_attempt_base.status" || slipway_why=not_started # The runner has no word about the command.
  [ "$slipway_why:$slipway_code" != not_started:137 ] || slipway_why=runner_killed
  slipway_await_word
}

# The last word about the attempt, from slipway_exit, slipway_sig, slipway_shell_status and slipway_why.
slipway_end_attempt() {
  [ "$slipway_stop" != terminated ] || slipway_why=terminated
  slipway_decide_again
  trap '' TERM INT HUP ALRM XCPU USR1 USR2
  case $slipway_stop in
  cancelled | timed_out) set -- "outcome=$slipway_stop" ;;
  *) set -- outcome=ended ;;
  esac
  slipway_code=126
  [ -z "$slipway_exit" ] || { slipway_code=$slipway_exit && set -- "$@" "exit=$slipway_exit"; }
  [ -z "$slipway_sig" ] || { slipway_code=$((128 + slipway_sig)) && set -- "$@" "signal=$slipway_sig"; }
  [ -z "$slipway_shell_status" ] || { slipway_code=$slipway_shell_status && set -- "$@" "shell_status=$slipway_shell_status"; }
  [ -z "$slipway_why" ] || set -- "$@" "reason=$slipway_why"
  [ -z "$slipway_first_member" ] || set -- "$@" "member=$slipway_first_member"
  if [ -n "$slipway_again" ]; then
    slipway_finish "$@" "next=$((slipway_attempt + 1))"
    slipway_requeue || { slipway_again='' && slipway_finish "$@"; }
  else slipway_finish "$@"
  fi
  [ -z "\${slipway_work-}" ] || [ "$slipway_code" != 0 ] || slipway_remove_copy
  exit "$slipway_code"
}

# A writable copy of the code, of this attempt's own. One of a failure stays, to be looked at, until the next attempt.
slipway_copy_code() {
  [ -n "\${slipway_work-}" ] || return 0
  slipway_remove_copy
  mkdir -p -- "$slipway_work" && { cp -RP --reflink=auto code/. "$slipway_work" 2>/dev/null || cp -RP code/. "$slipway_work"; } 2>>"$slipway_attempt_base.log" &&
    chmod -R u+w "$slipway_work" && return
  echo "slipway: the code cannot be copied to $slipway_work" >>"$slipway_attempt_base.log"
  slipway_finish outcome=ended exit=126 reason=copy_failed
  exit 126
}

slipway_remove_copy() {
  [ -d "$slipway_work" ] || return 0
  chmod -R u+w "$slipway_work" 2>/dev/null
  rm -rf -- "$slipway_work"
}
`;
