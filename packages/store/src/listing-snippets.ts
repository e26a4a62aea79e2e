/** `stat` of GNU and busybox, or of BSD: the time of the last change (a rename counts), the owner, the path. */
export const withStat = `
now=$(date +%s)
if stat -c "%Z %u %n" . >/dev/null 2>&1; then look() { stat -c "%Z %u %n" "$@" 2>/dev/null; }
elif stat -f "%c %u %N" . >/dev/null 2>&1; then look() { stat -f "%c %u %N" "$@" 2>/dev/null; }
else fail tool stat
fi
`;

/** How the functions below tell a line: as an answer of its own, or as one of those below an answer. */
const tellTagged = `
tell() { say "$@"; }
`;
export const tellUntagged = `
tell() { printf "%s\\n" "$*"; }
`;

export const tellInstances = `
header_of() { header=; if [ -f "$1/manifest" ] && [ ! -L "$1/manifest" ]; then IFS= read -r header <"$1/manifest"; fi; }
tell_instances() {
  for instance in store/code/*.*; do
    name=\${instance#store/code/}
    case $name in *[!0-9A-Za-z.]*) continue ;; esac
    [ -d "$instance" ] && [ ! -L "$instance" ] || continue
    state=closed
    if [ -d "$instance/L" ]; then state=open; fi
    header_of "$instance"
    tell INSTANCE "$name" "$state" "$header"
  done
}
`;

export const tellLeases = `
tell_batch() {
  [ $# -eq 0 ] || look "$@" | while read -r changed owner path; do
    path=\${path#store/code/}
    tell LEASE "\${path%%/*}" "\${path##*/}" "$((now - changed))" "$owner"
  done
}
tell_leases() { # INSTANCES
  only=$1
  set --
  for instance in store/code/$only; do
    [ -d "$instance/L" ] && [ ! -L "$instance" ] && [ ! -L "$instance/L" ] || continue
    for lease in "$instance"/L/*; do
      case $lease in *[!0-9A-Za-z_./-]*) continue ;; esac
      [ -d "$lease" ] && [ ! -L "$lease" ] || continue
      set -- "$@" "$lease"
      if [ $# -eq 200 ]; then tell_batch "$@"; set --; fi
    done
  done
  tell_batch "$@"
}
`;

export const tellLeftovers = `
tell_leftover() {
  case $2 in */*[!0-9A-Za-z./_-]*) return ;; esac
  [ -d "$2" ] && [ ! -L "$2" ] || return
  changed=$(find "$2" $3 -exec sh -c "stat -c %Z \\"\\$@\\" 2>/dev/null || stat -f %c \\"\\$@\\"" sh {} + | sort -n | tail -n 1)
  tell LEFT "$1" "\${2##*/}" "$((now - \${changed:-$now}))"
}
tell_leftovers() {
  for path in store/trash/*.*; do tell_leftover trashed "$path" -prune; done
  for path in store/trash/.del-*; do tell_leftover deleting "$path" -prune; done
  for path in store/code/.in-*; do tell_leftover unfinished "$path" ""; done
}
`;

/** Answers INSTANCE <name> open|closed <manifest's first line> for each, then DONE. */
export const list = `${tellTagged}${tellInstances}
if [ ! -d "$root/store/code" ]; then ls -d "$root/store/code" >&2; fail absent; fi
cd "$root/store/code" && cd "$root" || fail unreadable
tell_instances
say DONE
`;

/** 4 an instance or nothing. Answers LEASE <instance> <lease> <age in seconds> <owner's number> for each, then DONE. */
export const leases = `${tellTagged}${withStat}${tellLeases}
tell_leases "\${4:-*.*}"
say DONE
`;

/** Answers LEFT <kind> <name> <age in seconds> for what is in the trash and for unfinished uploads, then DONE. */
export const leftovers = `${tellTagged}${withStat}${tellLeftovers}
tell_leftovers
say DONE
`;
