import { stepsInPerl } from "./cleaning-perl.ts";

/** Standard input: lines `<step> <name> <lease or nonce>`. Answers STEP done, STEP absent or STEP refused <why> for each, then DONE. */
export const steps = `
if command -v perl >/dev/null 2>&1 && perl -e 1 >/dev/null 2>&1; then exec perl -e '${stepsInPerl}' "$tag" >&3; fi
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
