/** Parts of a job: an array's elements and a group's members. Each is a process that runs the same script for its part. */
export const partFunctions = `
slipway_start_part() { # INDEX MEMBER
  slipway_index=$1 slipway_member=$2 slipway_member_attempt=$slipway_attempt slipway_shell=$slipway_shell \\
    "$slipway_shell" "$slipway_dir/$slipway_script" </dev/null >>"$slipway_dir/wrapper.log" 2>&1
}

# The group's members at the same time. The first that fails, and the first success of one that ends the group, ends the others.
slipway_attempt_group() {
  slipway_ending=$slipway_attempt_base.ending
  for slipway_each in $slipway_members; do slipway_start_part '' "$slipway_each" & done
  slipway_first='' slipway_told='' slipway_tries=0 slipway_nap=''
  slipway_first_exit='' slipway_first_sig='' slipway_first_status='' slipway_first_why='' slipway_first_outcome=''
  while :; do
    slipway_all_ended=yes
    for slipway_each in $slipway_members; do slipway_look_at_member "$slipway_each"; done
    if [ -n "$slipway_stop" ] || [ -n "$slipway_first" ]; then
      [ -n "$slipway_stop" ] || [ -e "$slipway_ending" ] || : >"$slipway_ending"
      for slipway_each in $slipway_members; do slipway_tell_member "$slipway_each"; done
    fi
    [ "$slipway_all_ended" = no ] || break
    slipway_tries=$((slipway_tries + 1))
    if [ "$slipway_tries" -lt 20 ]; then slipway_pause 0.05; else slipway_pause 0.2; fi
  done
  slipway_exit=$slipway_first_exit slipway_sig=$slipway_first_sig slipway_shell_status=$slipway_first_status slipway_why=$slipway_first_why
  [ "$slipway_first_outcome" != timed_out ] || slipway_stop=timed_out
  slipway_ended_by=$slipway_stop
  [ -n "$slipway_stop$slipway_first" ] || slipway_exit=0
  [ -z "$slipway_first" ] || [ "$slipway_exit" = 0 ] || [ -n "$slipway_why" ] || slipway_why=member_failed
}

slipway_look_at_member() { # MEMBER
  slipway_member_base=$slipway_attempt_base.$1
  if ! slipway_load "$slipway_member_base.exit"; then
    # Not begun, or at work; gone without a word is a failure.
    if [ ! -e "$slipway_member_base.commit" ] && [ "$slipway_tries" -lt 300 ]; then slipway_all_ended=no; return; fi
    if slipway_lives "$slipway_member_base.commit"; then slipway_all_ended=no; return; fi
    slipway_load "$slipway_member_base.exit" || { slipway_outcome=ended slipway_exit='' slipway_why=wrapper_killed; }
  fi
  [ -z "$slipway_first" ] || return 0
  case $slipway_outcome:$slipway_exit in
  ended:0)
    case " $slipway_ends_group " in *" $1 "*) ;; *) return 0 ;; esac
    slipway_why=''
    ;;
  esac
  slipway_first=$1 slipway_first_outcome=$slipway_outcome slipway_first_exit=$slipway_exit slipway_first_sig=$slipway_sig
  slipway_first_status=$slipway_shell_status slipway_first_why=$slipway_why
}

slipway_tell_member() { # MEMBER: that it must end, once
  case " $slipway_told " in *" $1 "*) return ;; esac
  slipway_lives "$slipway_attempt_base.$1.commit" && kill -TERM "$slipway_pid" 2>/dev/null && slipway_told="$slipway_told $1"
}

# The array's elements, in lanes: as many at the same time as are allowed.
slipway_run_array() {
  slipway_attempt_base=$slipway_dir/attempt-$slipway_attempt
  slipway_record "$slipway_attempt_base.start" "attempt=$slipway_attempt" "try=\${slipway_token##*.}" "nodes=$slipway_host" "at=$(slipway_now)" || exit 1
  slipway_tell_record
  slipway_lanes='' slipway_count=0
  while [ "$slipway_count" -lt "$slipway_max_running" ]; do
    slipway_count=$((slipway_count + 1))
    (
      trap - TERM INT HUP ALRM
      for slipway_each in $slipway_array; do
        [ -e "array-$slipway_each.commit" ] || [ -e stopping ] || [ -e cancel ] || slipway_start_part "$slipway_each" ''
      done
    ) &
    slipway_lanes="$slipway_lanes $!"
  done
  for slipway_lane in $slipway_lanes; do
    while wait "$slipway_lane"; slipway_code=$?; [ "$slipway_code" -gt 128 ] && kill -0 "$slipway_lane" 2>/dev/null; do
      slipway_end_elements
    done
  done
  trap '' TERM INT HUP ALRM
  slipway_sum_up
}

slipway_end_elements() {
  [ -n "$slipway_stop" ] || return 0
  : >stopping
  for slipway_each in $slipway_array; do
    [ -e "array-$slipway_each.commit" ] && slipway_lives "array-$slipway_each.commit" && kill -TERM "$slipway_pid" 2>/dev/null
  done
}

# The whole is as its elements: a success when all are, else as the first that is not.
slipway_sum_up() {
  slipway_outcome='' slipway_exit=''
  for slipway_each in $slipway_array; do
    slipway_last_attempt "$slipway_dir/array-$slipway_each."
    slipway_load "$slipway_last_base.exit" || slipway_outcome=none
    [ "$slipway_outcome:$slipway_exit" = ended:0 ] || break
  done
  case $slipway_stop in
  cancelled) slipway_finish outcome=cancelled && exit 1 ;;
  terminated) slipway_finish outcome=ended exit=1 reason=terminated && exit 1 ;;
  esac
  [ "$slipway_outcome:$slipway_exit" != ended:0 ] || { slipway_finish outcome=ended exit=0; exit 0; }
  slipway_finish outcome=ended exit=1 reason=element_failed
  exit 1
}

# The last attempt whose beginning or end is there, of DIRECTORY/PREFIX, in slipway_last_base.
slipway_last_attempt() {
  slipway_last_number=1
  [ ! -r "\${1%/*}/first_attempt" ] || read -r slipway_last_number <"\${1%/*}/first_attempt"
  while slipway_load "$1attempt-$slipway_last_number.exit" && [ -n "$slipway_next_attempt" ]; do
    slipway_last_number=$slipway_next_attempt
  done
  slipway_last_base=$1attempt-$slipway_last_number
}
`;
