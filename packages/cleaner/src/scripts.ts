import { quoteCommand } from "@slipway/core";
import { scontrolCommands, squeueCommand } from "@slipway/sbatch";
import { contentsListing, renderListings } from "@slipway/store";

import { runsListing } from "./runs-listing.ts";

/** 1 job_dir. Goes there. Nothing below `/` or a home itself is ever looked at: other things have the names `runs` and `store` there. */
export const enter = `
root=$1
case $root in /*) ;; *) fail root "$root" ;; esac
if [ ! -d "$root" ]; then say ABSENT; say END; exit 0; fi
home=
if cd -P "\${HOME:-/}" 2>/dev/null; then home=$PWD; fi
cd -P "$root" || fail unreadable "$root"
here=$PWD
[ "$here" != / ] && [ "$here" != "$home" ] || fail root "$root"
for folder in store store/code store/trash store/cleaned; do [ ! -L "$folder" ] || fail symlink "$root/$folder"; done
`;

/** What the layout says, where there is a store. */
const tellLayout = `
layout=
if [ -f store/layout.json ] && [ -d store/code ]; then
  IFS= read -r layout <store/layout.json
  say LAYOUT "$layout"
fi
`;

/** When somebody last cleaned, and the space there is. */
const tellSpace = `
last=
for file in store/cleaned/*.jsonl; do if [ -f "$file" ]; then last=$file; fi; done
say LAST "\${last##*/}"
say BYTES
df -Pk . 2>/dev/null
say INODES
df -Pi . 2>/dev/null
# A server of quotas that is down would be waited for.
has() { command -v timeout >/dev/null 2>&1 && command -v "$1" >/dev/null 2>&1; }
ask() { timeout 2 "$@" </dev/null 2>/dev/null; }
say QUOTA
if has quota; then ask quota -ugwp; fi
say LUSTRE
if has lfs; then
  ask lfs quota -q -u "$(id -u)" .
  ask lfs quota -q -g "$(id -g)" .
fi
`;

/** One look at whether there is a store, and at what is around it. */
export const look = `${enter}${tellLayout}${tellSpace}`;

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
 * All there is, in an order that protects: the layout is compared before anything is listed, and whatever tells of jobs is looked at or asked
 * for after the leases were seen. Meanwhile the file system says how full it is.
 */
export function inventoryScript(scheduler: "slurm" | "local"): string {
  return `${enter}
boot=
${scheduler === "local" ? findBoot : ""}
tell_store() {
${tellLayout}
case $layout in *\\"clusterName\\":\\"*) ;; *) return ;; esac
case $layout in *\\"version\\":1[,}]*) ;; *) fail layout "$layout" ;; esac
${renderListings([contentsListing, runsListing], '"$boot"')}
${scheduler === "slurm" ? askSlurm : ""}
}
tell_space() {
${tellSpace}
}
tell_space | { tell_store </dev/null; cat; }
`;
}
