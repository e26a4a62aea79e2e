/** Steps of a submission that ask Slurm for jobs, and for what became of that; after `submitSteps`. For each job N a function ask_N asks once. */
export const askSteps = `
# The job of a token that Slurm has, in id: NAME TOKEN. 1: there is none, 2: Slurm does not answer. One that was cancelled never started.
find_job() {
  id='' twins=''
  listed=$(squeue -a --me -h -t all -n "$1" -o '%i|%F|%T|%k' 2>&1) || return 2
  while IFS='|' read -r shown number state comment; do
    case $shown in *+*) number=\${shown%%+*} ;; esac # Components of one job.
    [ "$comment" = "$2" ] && [ "$state" != CANCELLED ] || continue
    case " $twins " in *" $number "*) continue ;; esac
    [ "$state" != PENDING ] || twins="$twins $number"
    if [ -z "$id" ] || [ "$number" -lt "$id" ]; then id=$number; fi
  done <<LISTED
$listed
LISTED
  [ -n "$id" ]
}

# Held, so that nothing starts before its lease is committed: DIRECTORY COMMAND... 1: refused, 2: nobody can tell. Its words are in said.
ask_sbatch() {
  where=$1
  shift
  said=$(
    cd "$where" || exit 1
    if [ -n "$lc_all" ]; then LC_ALL=$lc_all; else unset LC_ALL; fi
    exec "$@" 2>&1
  )
  code=$? id=''
  case $said in
  *[!0-9]*) id=$(printf '%s\\n' "$said" | sed -n 's/^\\([1-9][0-9]*\\)\\(;[^ ]*\\)\\{0,1\\}$/\\1/p' | tail -n 1) ;;
  *) id=$said ;;
  esac
  [ "$code" -ne 0 ] || [ -z "$id" ] || return 0
  [ "$code" -ne 0 ] && [ "$code" -le 128 ] || return 2
  case $said in
  *'timed out'* | *'Unable to contact'* | *'Zero Bytes'* | *'Connection '* | *'onnection refused'* | *'Transport endpoint'* | *'Communication '* | *'standby'*) return 2 ;;
  *) return 1 ;;
  esac
}

# Asks for several new jobs at a time: N... What Slurm surely took is in got_N; else - for what it refused, ? when nobody can tell.
ask_together() {
  asked=''
  for each; do
    eval "fresh=\\\${fresh_$each-}"
    [ -z "$fresh" ] || asked="$asked $each"
  done
  case $asked in *' '*' '*) ;; *) return ;; esac
  answers=$(for lane in 0 1 2 3 4 5 6 7; do ask_in_lane "$lane" $asked & done; wait)
  for each in $answers; do
    eval "got_\${each%%:*}=\${each#*:}"
    case \${each#*:} in [0-9]*) held="$held \${each#*:}" ;; esac
  done
}

# Every eighth, until one is not taken: LANE N...
ask_in_lane() {
  turn=$1
  shift
  for each; do
    turn=$(((turn + 1) % 8))
    [ "$turn" -eq 0 ] || continue
    echo "$each:?"
    "ask_$each"
    case $? in
    0) echo "$each:$id" ;;
    1) echo "$each:-"; return ;;
    2) return ;;
    esac
  done
}

# At most one job of the token, in id: N NAME TOKEN. Asks by the function ask_N, unless what came of that is known.
submit() {
  number_of_job=$1 name=$2 token=$3 doubt=''
  eval "fresh=\\\${fresh_$1} got=\\\${got_$1-}"
  case $got in
  [0-9]*) id=$got; return ;;
  '?') doubt=yes ;;
  esac
  if [ -z "$fresh" ]; then # Somebody may have asked before.
    doubt=yes
    find_job "$name" "$token"
    case $? in
    0) return ;;
    2) unanswered "$listed" ;;
    esac
  fi
  for round in 1 2; do
    if [ "$got" = '?' ]; then got='' said=''
    else
      "ask_$1"
      case $? in
      0) held="$held $id"; return ;;
      1) say REASON; printf '%s\\n' "$said"; stop refused "$number_of_job" "$code" ;;
      esac
      doubt=yes
    fi
    # Slurm may have it although it did not say so, and may still be about to.
    for pause in 0 1 2; do
      sleep "$pause"
      find_job "$name" "$token"
      case $? in
      0) return ;;
      2) break 2 ;;
      esac
    done
  done
  unanswered "$said"
}
`;
