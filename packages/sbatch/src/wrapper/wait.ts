/** Waiting for other jobs: only where no scheduler does it. */
export const waitFunctions = `
# A short wait that a signal ends.
slipway_pause() {
  sleep "$1" 2>/dev/null &
  slipway_nap=$!
  wait "$slipway_nap" || [ -n "$slipway_stop" ] || sleep 1 # This sleep knows whole seconds only.
  slipway_nap=''
}

slipway_pause_longer() {
  slipway_tries=$((slipway_tries + 1))
  if [ "$slipway_tries" -lt 20 ]; then slipway_pause 0.1; else slipway_pause 1; fi
}

# Whether a need, TYPE and DIRECTORY, is met: 0 yes, 1 not yet, 2 never. Processes are looked at before records: what a process that is
# gone has written can then be read.
slipway_need() {
  slipway_prefix=$2/
  if [ ! -e "$2/commit" ]; then # It was not started yet; not for ever.
    [ "$slipway_tries" -lt 120 ] || return 2
    return 1
  fi
  if [ "$1" = corresponding ]; then
    slipway_prefix=$2/array-$slipway_index.
    if [ ! -e "\${slipway_prefix}commit" ]; then
      slipway_lives "$2/commit" && return 1
      [ -e "\${slipway_prefix}commit" ] || return 2
    fi
  fi
  slipway_wrapper_lives=no slipway_command_lives=no
  if slipway_lives "\${slipway_prefix}commit"; then slipway_wrapper_lives=yes
  elif [ "$slipway_process_boot" = "$slipway_boot" ]; then
    slipway_last_attempt "$slipway_prefix"
    slipway_load "$slipway_last_base.group" && slipway_group_lives && slipway_command_lives=yes
  fi
  slipway_end_of_other=none
  slipway_last_attempt "$slipway_prefix"
  if slipway_load "$slipway_last_base.exit"; then slipway_end_of_other=$slipway_outcome:$slipway_exit
  elif [ "$slipway_wrapper_lives$slipway_command_lives" != nono ]; then return 1
  fi
  case $1/$slipway_end_of_other in
  any/* | ok/ended:0 | corresponding/ended:0) return 0 ;;
  notok/ended:0 | ok/* | corresponding/*) return 2 ;;
  *) return 0 ;;
  esac
}

# Jobs that are submitted together begin together. Standard input ends when slipway lets them go, or when it is gone itself; which of
# both it was is told by a file that it writes first.
slipway_await_release() {
  [ -n "$slipway_release" ] || return 0
  exec 3<&0
  cat <&3 >/dev/null &
  slipway_nap=$!
  exec 3<&-
  wait "$slipway_nap"
  slipway_nap=''
  slipway_check_cancelled
  [ -e "$slipway_release" ] || slipway_not_run submission_interrupted
}

slipway_await_needs() {
  for slipway_each in $slipway_needs; do
    case $slipway_each in # Only elements wait for elements, and only for those.
    corresponding:*) [ -n "$slipway_index" ] || continue ;;
    *) [ -z "$slipway_index" ] || continue ;;
    esac
    slipway_tries=0
    while slipway_check_cancelled; do
      slipway_need "\${slipway_each%%:*}" "\${slipway_each#*:}"
      case $? in
      0) break ;;
      2) slipway_not_run dependency_failed ;;
      esac
      slipway_pause_longer
    done
  done
}

slipway_check_cancelled() {
  ! slipway_is_cancelled || slipway_not_run cancelled
  [ ! -e stopping ] || slipway_not_run terminated
  [ -z "$slipway_stop" ] || slipway_not_run "$slipway_stop"
}

slipway_not_run() {
  slipway_finish outcome=cancelled "reason=$1"
  slipway_give_slots
  exit 1
}
`;
