/**
 * A machine without a scheduler: jobs begin in the order in which they asked, while there are processors for them. A job's place in the
 * queue and each processor that it holds is a hard link to its commit record, by which everybody sees whether the job still lives.
 */
export const slotFunctions = `
slipway_take_slots() {
  slipway_slots_held=''
  [ -n "$slipway_slots" ] && mkdir -p -- "$slipway_slots" 2>/dev/null || return 0
  slipway_ticket=''
  while [ -z "$slipway_ticket" ]; do
    slipway_last=1000000000
    for slipway_file in "$slipway_slots"/ticket-*; do
      [ ! -e "$slipway_file" ] || slipway_last=\${slipway_file##*-}
    done
    slipway_place=$((slipway_last + 1))
    if ln -- "$slipway_commit_file" "$slipway_slots/ticket-$slipway_place" 2>/dev/null; then
      slipway_ticket=$slipway_slots/ticket-$slipway_place
    elif [ ! -e "$slipway_slots/ticket-$slipway_place" ]; then
      return 0 # No hard links here: nothing can be bounded.
    fi
  done
  slipway_tries=0
  until slipway_is_next && slipway_try_slots; do
    if slipway_is_cancelled || [ -e stopping ] || [ -n "$slipway_stop" ]; then
      rm -f -- "$slipway_ticket"
      slipway_check_cancelled
    fi
    slipway_tries=$((slipway_tries + 1))
    # Those in front look often, at first; each look is a process.
    if [ "$slipway_before" -ge 20 ]; then slipway_pause 1
    elif [ "$slipway_before" -ge 4 ] || [ "$slipway_tries" -ge 300 ]; then slipway_pause 0.5
    else slipway_pause 0.1
    fi
  done
  rm -f -- "$slipway_ticket"
}

# True for the first in the queue that still lives; else slipway_before is about how many stand before.
slipway_is_next() {
  slipway_before=0
  for slipway_file in "$slipway_slots"/ticket-*; do
    [ "$slipway_file" != "$slipway_ticket" ] || return 0
    if slipway_lives "$slipway_file"; then
      slipway_before=$((slipway_place - \${slipway_file##*-}))
      return 1
    fi
    rm -f -- "$slipway_file"
  done
}

# As many as the job needs, or none.
slipway_try_slots() {
  slipway_number=0 slipway_count=0
  while [ "$slipway_number" -lt "$slipway_cores" ] && [ "$slipway_count" -lt "$slipway_cpus" ]; do
    slipway_number=$((slipway_number + 1))
    slipway_file=$slipway_slots/slot-$slipway_number
    [ ! -e "$slipway_file" ] || slipway_lives "$slipway_file" || rm -f -- "$slipway_file"
    if ln -- "$slipway_commit_file" "$slipway_file" 2>/dev/null; then
      slipway_count=$((slipway_count + 1))
      slipway_slots_held="$slipway_slots_held $slipway_number"
    fi
  done
  [ "$slipway_count" -lt "$slipway_cpus" ] || return 0
  slipway_give_slots
  return 1
}

slipway_give_slots() {
  for slipway_number in $slipway_slots_held; do rm -f -- "$slipway_slots/slot-$slipway_number"; done
  slipway_slots_held=''
}
`;
