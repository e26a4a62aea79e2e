/** Standard input: lines `<step> <name> <lease or nonce>`. Answers STEP done, STEP absent or STEP refused <why> for each, then DONE. */
export const steps = `
take_step() {
  case $1 in
  revoke | drop | unpin) slipway_remove_lease "store/code/$2" "$3" ;;
  pin)
    slipway_refusal=
    if slipway_pin "store/code/$2" "$3"; then return; fi
    slipway_is_gone "store/code/$2/L" && return 2
    slipway_no_links "store/code/$2" "store/code/$2/L" && slipway_refusal="it cannot be written"
    return 1 ;;
  close) slipway_close "store/code/$2" ;;
  move) slipway_move store "$2" ;;
  purge) slipway_purge store "$2" "$3" ;;
  reclaim) slipway_reclaim store "$2" "$3" ;;
  sweep) slipway_no_links "store/trash/$2" || return 1
    if slipway_is_gone "store/trash/$2"; then return 2; fi ;;
  esac
}
while read -r step name detail; do
  take_step "$step" "$name" "$detail" </dev/null
  case $? in
  0) outcome=done ;;
  2) outcome=absent ;;
  *) outcome="refused $(printf "%s" "$slipway_refusal" | tr "\\n" " ")" ;;
  esac
  case $step.$outcome in
  purge.done | reclaim.done) slipway_delete "store/trash/.del-$detail" </dev/null >&2 ;;
  sweep.done) slipway_delete "store/trash/$name" </dev/null >&2 || outcome="refused it cannot be deleted" ;;
  esac
  say STEP "$outcome"
done
say DONE
`;

/** `stat` of GNU and busybox, or of BSD: the time of the last change (a rename counts), the owner, the path. */
const look = `
now=$(date +%s)
if stat -c "%Z %u %n" . >/dev/null 2>&1; then look() { stat -c "%Z %u %n" "$@" 2>/dev/null; }
elif stat -f "%c %u %N" . >/dev/null 2>&1; then look() { stat -f "%c %u %N" "$@" 2>/dev/null; }
else fail tool stat
fi
`;

/** 4 an instance or nothing. Answers LEASE <instance> <lease> <age in seconds> <owner's number> for each, then DONE. */
export const leases = `${look}
tell() {
  [ $# -eq 0 ] || look "$@" | while read -r changed owner path; do
    path=\${path#store/code/}
    say LEASE "\${path%%/*}" "\${path##*/}" "$((now - changed))" "$owner"
  done
}
only=\${4:-*.*}
set --
for instance in store/code/$only; do
  [ -d "$instance/L" ] && [ ! -L "$instance" ] && [ ! -L "$instance/L" ] || continue
  for lease in "$instance"/L/*; do
    case $lease in *[!0-9A-Za-z_./-]*) continue ;; esac
    set -- "$@" "$lease"
    if [ $# -eq 200 ]; then tell "$@"; set --; fi
  done
done
tell "$@"
say DONE
`;

/** Answers LEFT <kind> <name> <age in seconds> for what is in the trash and for unfinished uploads, then DONE. */
export const leftovers = `${look}
tell() {
  case $2 in */*[!0-9A-Za-z./_-]*) return ;; esac
  [ -d "$2" ] && [ ! -L "$2" ] || return
  changed=$(find "$2" $3 -exec sh -c "stat -c %Z \\"\\$@\\" 2>/dev/null || stat -f %c \\"\\$@\\"" sh {} + | sort -n | tail -n 1)
  say LEFT "$1" "\${2##*/}" "$((now - \${changed:-$now}))"
}
for path in store/trash/*.*; do tell trashed "$path" -prune; done
for path in store/trash/.del-*; do tell deleting "$path" -prune; done
for path in store/code/.in-*; do tell unfinished "$path" ""; done
say DONE
`;
