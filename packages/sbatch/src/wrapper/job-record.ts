/**
 * Keeps `record.json` of the run directory up to date: what was planned, which lies there, and every attempt so far. Its last member is
 * `"attempts": [`, alone at the beginning of a line; from there on it is the wrapper's. An array's element has `array-N.record.json`.
 */
export const jobRecordFunctions = `
# Makes the record anew from the evidence, whole at any time. LINE... are the last words of this attempt, which become evidence only then.
slipway_tell_record() { # LINE...
  [ -f "$slipway_dir/record.json" ] && [ -z "\${slipway_member-}" ] || return 0
  ( # What is read here stands in no variable that others read.
    umask 022
    slipway_json=$slipway_dir/\${slipway_index:+array-$slipway_index.}record.json
    slipway_text=$(slipway_print_record "$@") || exit
    printf '%s\\n' "$slipway_text" >"$slipway_json.$$.tmp" && mv -f -- "$slipway_json.$$.tmp" "$slipway_json" || rm -f -- "$slipway_json.$$.tmp"
  ) 2>/dev/null
  return 0
}

slipway_print_record() { # LINE...
  if [ -n "\${slipway_index-}" ]; then
    printf '{\\n  "version": 1,\\n  "experiment": "%s",\\n  "job": "%s",\\n  "token": "%s",\\n' "$slipway_experiment" "$slipway_job" "$slipway_token"
    printf '  "arrayIndex": %s,\\n' "$slipway_index"
  else sed '/^  "attempts": \\[/,$d' "$slipway_dir/record.json" || return 1
  fi
  printf '  "attempts": ['
  slipway_print_attempts "$@"
  printf '\\n  ]\\n}\\n'
}

slipway_print_attempts() { # LINE...
  slipway_number=1 slipway_comma='' slipway_exit='' slipway_why='' slipway_outcome='' slipway_next='' slipway_try=''
  while :; do
    slipway_base=\${slipway_attempt_base%-*}-$slipway_number
    slipway_after=$slipway_outcome:$slipway_exit:$slipway_why:$slipway_next slipway_try_before=$slipway_try
    slipway_exit='' slipway_why='' slipway_outcome='' slipway_next='' slipway_try=''
    if [ ! -e "$slipway_base.start" ] && [ "$slipway_number" != "$slipway_attempt" ]; then
      [ "$slipway_number" -lt "$slipway_attempt" ] || break
    else
      printf '%s\\n    { "number": %s' "$slipway_comma" "$slipway_number"
      slipway_comma=,
      [ "$slipway_number" != "$slipway_attempt" ] || slipway_try=\${slipway_token##*.}
      [ ! -r "$slipway_base.start" ] || slipway_print_file begun "$slipway_base.start"
      slipway_print_cause
      if [ "$slipway_number" = "$slipway_attempt" ] && [ $# -gt 0 ]; then
        for slipway_line; do slipway_print_field ended "$slipway_line"; done
      elif [ -r "$slipway_base.exit" ]; then slipway_print_file ended "$slipway_base.exit"
      fi
      [ -z "\${slipway_members-}" ] || slipway_print_members
      printf ' }'
    fi
    slipway_number=$((slipway_number + 1))
  done
}

# Why the attempt began, from its own record and the end of the one before.
slipway_print_cause() {
  slipway_cause=requeued
  if [ "$slipway_number" = 1 ] || [ "$slipway_try" != "$slipway_try_before" ]; then slipway_cause=submitted
  else
    case $slipway_after in # OUTCOME:EXIT:REASON:NEXT
    :*) slipway_cause=node_failed ;; # Without a last word.
    *:terminated:) slipway_cause=preempted ;;
    *:) ;;
    timed_out:*) slipway_cause=timeout ;;
    *:75:*) slipway_cause=requested ;;
    *) slipway_cause=failed ;;
    esac
  fi
  printf ', "cause": "%s"' "$slipway_cause"
}

slipway_print_members() {
  slipway_first_printed=yes
  for slipway_each in $slipway_members; do
    [ -r "$slipway_base.$slipway_each.exit" ] || continue
    if [ -n "$slipway_first_printed" ]; then printf ', "members": ['; else printf ', '; fi
    slipway_first_printed=''
    printf '{ "name": "%s"' "$slipway_each"
    slipway_print_file ended "$slipway_base.$slipway_each.exit"
    printf ' }'
  done
  [ -n "$slipway_first_printed" ] || printf ']'
}

slipway_print_file() { # begun|ended FILE
  while IFS= read -r slipway_line; do slipway_print_field "$1" "$slipway_line"; done <"$2"
}

# Only what needs no escaping is told: no host's, time's or reason's name has other characters.
slipway_print_field() { # begun|ended KEY=VALUE
  slipway_value=\${2#*=}
  case $slipway_value in '' | *[!][A-Za-z0-9_.,:@+-]*) return ;; esac
  case $1.\${2%%=*} in
  begun.try) slipway_try=$slipway_value && slipway_print_number try ;;
  begun.at) slipway_print_text startedAt ;;
  begun.job) slipway_print_text slurmJobId ;;
  begun.nodes) slipway_print_text nodes ;;
  begun.slurm) slipway_print_text slurmVersion ;;
  ended.at) slipway_print_text endedAt ;;
  ended.outcome) slipway_outcome=$slipway_value && slipway_print_text outcome ;;
  ended.exit) slipway_exit=$slipway_value && slipway_print_number exitCode ;;
  ended.signal) slipway_print_number signal ;;
  ended.shell_status) slipway_print_number shellStatus ;;
  ended.reason) slipway_why=$slipway_value && slipway_print_text reason ;;
  ended.member) slipway_print_text member ;;
  ended.next) slipway_next=$slipway_value ;;
  esac
}

slipway_print_text() { printf ', "%s": "%s"' "$1" "$slipway_value"; }

slipway_print_number() { case $slipway_value in *[!0-9]*) ;; *) printf ', "%s": %s' "$1" "$slipway_value" ;; esac; }
`;
