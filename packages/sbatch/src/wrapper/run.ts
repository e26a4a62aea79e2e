import { perlRunner, pythonRunner } from "./runner.ts";

/** The command, under whichever runner this host has. */
export const runFunctions = `
slipway_perl_runner='${perlRunner}'

slipway_python_runner='${pythonRunner}'

# Without Perl and Python: setsid gives the process group, and the shell's number stands for an exit code or a signal; nobody can tell.
slipway_run_plainly() {
  "$slipway_tool" sh -c '
    until [ -e "$1.group" ]; do sleep 0.05 2>/dev/null || sleep 1; done
    for slipway_file in "$0/env" "$2" "$0/secrets"; do [ ! -f "$slipway_file" ] || . "$slipway_file"; done
    unset slipway_file
    cd -- "$3" && shift 3 && exec "$@"' "$slipway_dir" "$slipway_attempt_base" "$slipway_dir/env.\${slipway_member:-}" \
    "\${slipway_work:-$slipway_dir/code}" "$@" &
  slipway_child=$!
  slipway_tries=0
  until kill -0 "-$slipway_child" 2>/dev/null || [ "$slipway_tries" -ge 100 ]; do
    slipway_tries=$((slipway_tries + 1))
    sleep 0.05 2>/dev/null || sleep 1
  done
  slipway_find "$slipway_child"
  slipway_record "$slipway_attempt_base.group" "pid=$slipway_child" "start=$slipway_found" "session=$slipway_child" "boot=$slipway_boot" ||
    { kill -KILL "$slipway_child"; exit 1; }
  wait "$slipway_child"
  slipway_code=$?
  if [ "$slipway_code" -gt 128 ]; then slipway_record "$slipway_attempt_base.status" "shell_status=$slipway_code"
  else slipway_record "$slipway_attempt_base.status" "exit=$slipway_code"
  fi
}

slipway_run() {
  SLIPWAY_EXPERIMENT=$slipway_experiment SLIPWAY_JOB=$slipway_job SLIPWAY_ATTEMPT=$slipway_attempt
  SLIPWAY_CODE_DIR=$slipway_code_dir SLIPWAY_RUN_DIR=$slipway_run_dir
  export SLIPWAY_EXPERIMENT SLIPWAY_JOB SLIPWAY_ATTEMPT SLIPWAY_CODE_DIR SLIPWAY_RUN_DIR
  [ -z "\${slipway_index-}" ] || { SLIPWAY_ARRAY_INDEX=$slipway_index && export SLIPWAY_ARRAY_INDEX; }
  [ -z "\${slipway_member-}" ] || { SLIPWAY_MEMBER=$slipway_member && export SLIPWAY_MEMBER; }
  if [ "$slipway_runner_kind" = setsid ]; then
    slipway_run_plainly "$@"
    exit
  fi
  [ ! -f ./env ] || . ./env
  [ ! -f "./env.\${slipway_member:-}" ] || . "./env.$slipway_member"
  [ ! -f ./secrets ] || . ./secrets
  # What would change the runner itself is put aside; it gives them back to the command.
  for slipway_name in PERL5OPT PERL_BADLANG LC_CTYPE; do
    eval "[ -z \\"\\\${$slipway_name+x}\\" ] || { slipway_$slipway_name=\\$$slipway_name; export slipway_$slipway_name; unset $slipway_name; }"
  done
  PERL_BADLANG=0
  export PERL_BADLANG
  cd -- "\${slipway_work:-code}" || exit 1
  case $slipway_runner_kind in
  perl) exec "$slipway_tool" -C0 -e "$slipway_perl_runner" -- "$slipway_attempt_base" $$ "$slipway_boot" "$@" ;;
  python3) exec "$slipway_tool" -I -c "$slipway_python_runner" "$slipway_attempt_base" $$ "$slipway_boot" "$@" ;;
  esac
}

slipway_choose_runner() {
  for slipway_runner_kind in perl python3 setsid; do
    slipway_tool=$(command -v "$slipway_runner_kind") && return
  done
  echo 'slipway: this machine has none of perl, python3 and setsid, one of which must start the command' >"$slipway_attempt_base.log"
  slipway_finish outcome=ended exit=126 reason=tool_missing
  exit 126
}

# What the command left behind in its process group ends too.
slipway_end_strays() {
  slipway_load "$slipway_attempt_base.group" && kill -TERM "-$slipway_pid" 2>/dev/null || return
  kill -CONT "-$slipway_pid" 2>/dev/null
  slipway_tries=0
  while slipway_group_lives; do
    slipway_tries=$((slipway_tries + 1))
    [ "$slipway_tries" -lt 20 ] || kill -KILL "-$slipway_pid" 2>/dev/null
    [ "$slipway_tries" -lt 40 ] || break
    sleep 0.1 2>/dev/null || sleep 1
  done
}
`;
