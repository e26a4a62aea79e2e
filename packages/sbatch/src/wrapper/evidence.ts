/** Reads and writes evidence, and knows processes by more than a number. */
export const evidenceFunctions = `
slipway_now() { date -u +%Y-%m-%dT%H:%M:%SZ; }

# Evidence is complete when it is visible: FILE LINE...
slipway_record() {
  slipway_file=$1
  shift
  printf '%s\\n' version=1 "$@" end=1 2>/dev/null >"$slipway_file.tmp" || return 1
  slipway_load "$slipway_file.tmp" && [ "$slipway_end" = 1 ] && mv -f -- "$slipway_file.tmp" "$slipway_file"
}

# Reads a record into variables; what is not in it is empty.
slipway_load() {
  slipway_pid='' slipway_process_start='' slipway_process_boot='' slipway_outcome='' slipway_exit='' slipway_sig='' slipway_shell_status='' slipway_why='' slipway_next_attempt='' slipway_end=''
  [ -r "$1" ] || return 1
  while IFS='=' read -r slipway_key slipway_value; do
    case $slipway_key in
    pid) slipway_pid=$slipway_value ;;
    start) slipway_process_start=$slipway_value ;;
    boot) slipway_process_boot=$slipway_value ;;
    outcome) slipway_outcome=$slipway_value ;;
    exit) slipway_exit=$slipway_value ;;
    signal) slipway_sig=$slipway_value ;;
    shell_status) slipway_shell_status=$slipway_value ;;
    reason) slipway_why=$slipway_value ;;
    next) slipway_next_attempt=$slipway_value ;;
    end) slipway_end=$slipway_value ;;
    esac
  done 2>/dev/null <"$1"
}

# When a process started, in slipway_found; empty when it is gone. A number that is used again is another process.
slipway_find() {
  slipway_found=''
  if [ -r /proc/self/stat ]; then # Field 22, after the name, which may hold anything: proc(5).
    read -r slipway_stat 2>/dev/null <"/proc/$1/stat" || return 1
    set -- \${slipway_stat##*) }
    case $1 in Z | X) return 1 ;; esac
    slipway_found=\${20}
  else
    set -- $(LC_ALL=C ps -o lstart= -p "$1")
    slipway_found=$*
  fi
  [ -n "$slipway_found" ]
}

# True while a process of the group in slipway_pid lives. One that has ended may lie there for long, where nobody fetches its end.
slipway_group_lives() {
  kill -0 "-$slipway_pid" 2>/dev/null || return 1
  [ -r /proc/self/stat ] || return 0
  for slipway_file in /proc/[0-9]*/stat; do
    read -r slipway_stat 2>/dev/null <"$slipway_file" || continue
    set -- \${slipway_stat##*) }
    [ "$3" = "$slipway_pid" ] && [ "$1" != Z ] && [ "$1" != X ] && return 0
  done
  return 1
}

# Whether somebody has asked for the end of the job, or of this element of it.
slipway_is_cancelled() {
  [ -e "$slipway_dir/cancel" ] || { [ -n "\${slipway_index-}" ] && [ -e "$slipway_dir/array-$slipway_index.try-\${slipway_token##*.}.cancel" ]; }
}

# This host's name, in slipway_host.
slipway_find_host() {
  read -r slipway_host 2>/dev/null </proc/sys/kernel/hostname || slipway_host=$(uname -n)
}

slipway_find_boot() {
  read -r slipway_boot 2>/dev/null </proc/sys/kernel/random/boot_id ||
    slipway_boot=$(sysctl -n kern.bootsessionuuid 2>/dev/null || sysctl -n kern.boottime)
}

# True when the process that a record names still lives.
slipway_lives() {
  slipway_load "$1" && [ "$slipway_process_boot" = "$slipway_boot" ] &&
    slipway_find "$slipway_pid" && [ "$slipway_found" = "$slipway_process_start" ]
}
`;

/** One process for a job of a token, and for each of its parts: whoever creates the commit record runs it. */
export const commitFunction = `
# The name appears at once, with all its content, and only for one: link(2).
slipway_commit() {
  slipway_find $$
  slipway_start=$slipway_found
  slipway_record "$slipway_commit_file.$$" "token=$slipway_token" "pid=$$" "start=$slipway_start" "boot=$slipway_boot" "at=$(slipway_now)" || return 1
  ln -- "$slipway_commit_file.$$" "$slipway_commit_file" 2>/dev/null || [ -e "$slipway_commit_file" ] ||
    (set -C && cat "$slipway_commit_file.$$" >"$slipway_commit_file") 2>/dev/null
  rm -f -- "$slipway_commit_file.$$"
  slipway_load "$slipway_commit_file" || return 1
  # Somebody else's: that one runs the job.
  [ "$slipway_pid" = $$ ] && [ "$slipway_process_start" = "$slipway_start" ] || exit 0
}
`;

/** How a job ends: evidence first, and an exit code for whoever started the script. */
export const endFunction = `
# The last word about this attempt: LINE... A full disk is waited for, up to a minute; then there is no record, which is no success.
slipway_finish() {
  slipway_tries=0
  while
    slipway_ended_at=$(slipway_now)
    slipway_tell_record "$@" "at=$slipway_ended_at"
    ! slipway_record "$slipway_attempt_base.exit" "$@" "at=$slipway_ended_at"
  do
    slipway_tries=$((slipway_tries + 1))
    [ "$slipway_tries" -lt 60 ] || exit 1
    sleep 1
  done
}
`;
