import { quoteCommand } from "@slipway/core";
import { scontrolCommands, squeueCommand } from "@slipway/sbatch";

import { runsInPerl } from "./survey-perl.ts";

/** 1 job_dir. Goes there. Nothing below `/` or a home itself is ever looked at: other things have the names `runs` and `store` there. */
export const enter = `
root=$1
case $root in /*) ;; *) fail root "$root" ;; esac
if [ ! -d "$root" ]; then say ABSENT; say END; exit 0; fi
cd "$root" || fail unreadable "$root"
here=$(pwd -P; echo x) here=\${here%?x}
home=$(cd "\${HOME:-/}" 2>/dev/null && pwd -P; echo x) home=\${home%?x}
[ "$here" != / ] && [ "$here" != "$home" ] || fail root "$root"
for folder in store store/code store/trash store/cleaned; do [ ! -L "$folder" ] || fail symlink "$root/$folder"; done
`;

/** The layout, when somebody last cleaned, and the space there is. */
export const look = `${enter}
if [ -f store/layout.json ] && [ -d store/code ]; then
  IFS= read -r layout <store/layout.json
  say LAYOUT "$layout"
fi
say TODAY "$(date -u +%Y-%m-%d)"
last=
for file in store/cleaned/*.jsonl; do if [ -f "$file" ]; then last=$file; fi; done
say LAST "\${last##*/}"
say BYTES
df -Pk . 2>/dev/null
say INODES
df -Pi . 2>/dev/null
# A server of quotas that is down would be waited for.
ask() { if command -v timeout >/dev/null 2>&1 && command -v "$1" >/dev/null 2>&1; then timeout 2 "$@" </dev/null 2>/dev/null; fi; }
say QUOTA
ask quota -ugwp
say LUSTRE
ask lfs quota -q -u "$(id -u)" .
ask lfs quota -q -g "$(id -g)" .
`;

/** Paths in few processes; those with other characters than slipway's own names have are nobody's business. */
const batches = `
if stat -c "%Z %n" . >/dev/null 2>&1; then
  changed() { [ $# -eq 0 ] || stat -c "%Z %n" "$@" 2>/dev/null; }
else
  changed() { [ $# -eq 0 ] || stat -f "%c %N" "$@" 2>/dev/null; }
fi
links() { [ $# -eq 0 ] || ls -ldn "$@" 2>/dev/null; }
each() { # COMMAND PATHS...
  command=$1 batch= count=0
  shift
  for path do
    case $path in *[!0-9A-Za-z_./-]*) continue ;; esac
    batch="$batch $path" count=$((count + 1))
    if [ "$count" -eq 300 ]; then $command $batch; batch= count=0; fi
  done
  $command $batch
}
`;

/** Each run directory of which a process lives, or none has ever begun; all others are over: a local job begins once. */
const judge = `
load() { # FILE
  pid= start= its_boot= complete=
  while IFS="=" read -r key value; do
    case $key in
    pid) pid=$value ;;
    start) start=$value ;;
    boot) its_boot=$value ;;
    end) complete=$value ;;
    esac
  done 2>/dev/null <"$1"
  case $pid in "" | *[!0-9]*) return 1 ;; esac
  [ "$complete" = 1 ] && [ -n "$start" ] && [ -n "$its_boot" ]
}
lives() { # the process of the record
  [ "$its_boot" = "$boot" ] || return 1
  if [ -r /proc/self/stat ]; then
    [ -e "/proc/$pid" ] || return 1
    IFS= read -r stat 2>/dev/null <"/proc/$pid/stat" || return 1
    set -- \${stat##*) }
    case \${20-} in "" | *[!0-9]*) return 0 ;; esac
    [ "\${20}" = "$start" ]
  else
    set -- $(ps -o lstart= -p "$pid")
    [ "$*" = "$start" ]
  fi
}
group_lives() { [ "$its_boot" = "$boot" ] && kill -0 "-$pid" 2>/dev/null; }
judge() { # DIRECTORY, in state
  state=unstarted
  for record in "$1"/commit "$1"/*.commit; do
    [ -e "$record" ] || [ -L "$record" ] || continue
    [ "$state" != unstarted ] || state=over
    if [ ! -f "$record" ] || ! load "$record"; then state=doubt; return; fi
    if lives; then state=alive; return; fi
  done
  for record in "$1"/*attempt-*.group; do
    [ -f "$record" ] || continue
    if ! load "$record"; then state=doubt; return; fi
    if lives || group_lives; then state=alive; return; fi
  done
}
if [ -n "$boot" ]; then
for dir in runs/*/*/; do
  dir=\${dir%/}
  [ -d "$dir" ] || continue
  case $dir in *[!0-9A-Za-z_./-]*) continue ;; esac
  [ -f "$dir/job.sh" ] || [ -L "$dir/code" ] || continue
  judge "$dir"
  [ "$state" = over ] || say LIVE "$state" "\${dir#runs/}"
done
fi
`;

const tellRuns = `
say LINKS
each links runs/*/*/code
say MADE
each changed runs/*/*/code
say UNFINISHED
each changed runs/*/.new-*
`;

const findBoot = `
read -r boot 2>/dev/null </proc/sys/kernel/random/boot_id || boot=$(sysctl -n kern.bootsessionuuid 2>/dev/null || sysctl -n kern.boottime)
say BOOT "$boot"
`;

/** Asks slurmctld for the cluster's name, and for all that it knows of this user. */
const askSlurm = `
if command -v squeue >/dev/null 2>&1 && command -v scontrol >/dev/null 2>&1; then
  config=$(${quoteCommand(scontrolCommands.showConfig())} 2>&1)
  say CONFIG $?
  printf "%s\\n" "$config"
  queue=$(${quoteCommand(squeueCommand())})
  say QUEUE $?
  printf "%s\\n" "$queue"
else
  say NOTOOL
fi
`;

/**
 * The run directories, and what is known of their jobs: everything about those comes after what a store's `contents` told. Where there is
 * Perl: without a process for each.
 */
export function surveyScript(scheduler: "slurm" | "local"): string {
  return `${enter}
boot=
say NOW "$(date +%s)" "$(id -u)"
${scheduler === "local" ? findBoot : ""}
if [ -L runs ]; then say LINKED
elif command -v perl >/dev/null 2>&1 && perl -e '${runsInPerl}' "$tag" "$boot"; then :
else
${batches}${tellRuns}${judge}
fi
${scheduler === "slurm" ? askSlurm : ""}`;
}
