// @ts-check
/**
 * In a run directory: which of a job's processes live, in `wrapper` and `group` (yes or no), their numbers in `wrapper_pid` and `group_pid`,
 * and the host's boot in `boot`. A number that is used again has another start time. Source: proc(5), /proc/pid/stat, field 22.
 */
export const processFunctions = String.raw`
read -r boot </proc/sys/kernel/random/boot_id
field() { sed -n "s/^$1=//p" "$2" 2>/dev/null; }
started_at() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20; }
lives() { # FILE
  pid=$(field pid "$1")
  [ -n "$pid" ] && [ "$(field boot "$1")" = "$boot" ] && [ "$(started_at "$pid")" = "$(field start "$1")" ]
}
find_processes() {
  wrapper=no group=no wrapper_pid='' group_pid=''
  if lives commit; then wrapper=yes wrapper_pid=$pid; fi
  for file in attempt-*.group; do
    [ -f "$file" ] && [ "$(field boot "$file")" = "$boot" ] || continue
    pid=$(field pid "$file")
    if kill -0 "-$pid" 2>/dev/null; then group=yes group_pid=$pid; fi
  done
}
`;
