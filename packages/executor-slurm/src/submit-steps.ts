/**
 * Steps of a submission, as POSIX sh, after the store's `submitFunctions`: `spec: store`, "Submitting". Each mutation is one system call or
 * one request to Slurm, is safe to repeat, and its result is looked at. Variables: `cluster`, `nonce`; the working directory is the job_dir.
 */
export const submitSteps = `
for tool in sbatch squeue scontrol scancel; do command -v "$tool" >/dev/null 2>&1 || fail tool "$tool"; done
made='' recorded='' renewed='' added='' held='' taken='' whole='' late='' queue=''
if [ -n "$calls" ] && slipway_call umask; then mask=$slipway_answer; else mask=$(umask); fi

stop() { [ "$1" != folder ] || say_why "$2"; take_back; fail "$@"; }

# A shell does not always say why it could not write; dd does, on standard error.
say_why() {
  where=$1
  while [ ! -d "$where" ]; do
    case $where in */*) where=\${where%/*} ;; *) where=. ;; esac
  done
  dd if=/dev/zero "of=$where/.probe.$nonce" bs=65536 count=1
  rm -f "$where/.probe.$nonce"
}

# Nothing of this submission is left, where it can be taken back. What is held never starts.
take_back() {
  [ -z "$held" ] || scancel $held
  [ -z "$taken" ] || rmdir $taken 2>/dev/null
  [ -z "$made" ] || rm -rf $made
  [ -z "$added" ] || rm -f $added
  for each in $renewed; do
    mv -f "$each"/* "\${each%/*}" && rmdir "$each"
  done
  [ -z "$recorded" ] || [ -n "$(ls "\${recorded%/*}" | sed '/^experiment.json$/d')" ] || rm -f "$recorded"
  for each in $made $recorded; do rmdir "\${each%/*}" 2>/dev/null; done
}

# What fills a new folder, in its order; begun, at least, by a server. How it went, place and settle tell at the latest.
# change mkdir|symlink NAMES...; put MODE FILE LINES TEXT [SHA256]: a new file, at its end a shared text; place FOLDER NAME: it is all there, and gets its name.
if [ -n "$calls" ]; then
  change() { slipway_queue "$@"; }
  put() { slipway_queue_file "$1" "\${5:+text/$5}" "$2" "$3" "$4"; }
  place() { slipway_call mv "$@"; }
  settle() { slipway_call umask; }
else
  change() { case $1 in symlink) shift; ln -s "$@" ;; *) "$@" ;; esac; }
  put() {
    [ "$1" != 600 ] || umask 077
    printf %s "$4" >"$2"
    wrote=$?
    umask "$mask"
    [ "$wrote" -eq 0 ] && { [ -z "\${5-}" ] || eval "printf %s \\"\\$text_$5\\"" >>"$2"; } || return 1
    case $1 in 600 | 644) ;; *) chmod "$1" "$2" ;; esac
  }
  place() { mv "$@"; }
  settle() { :; }
fi

# The value of KEY in a record, in value: KEY FILE.
field() {
  value=''
  [ -f "$2" ] || return 1
  while IFS='=' read -r key text; do
    if [ "$key" = "$1" ]; then value=$text; fi
  done <"$2"
  [ -n "$value" ]
}

# An instance of the code with this token's intent in it, in instance; the planned one where that still opens: N NAME TOKEN. The sum of its
# manifest is read while the run directory is made.
lease() {
  instance=$2
  if slipway_take_intent "store/code/$2" "$3"; then
    taken="$taken store/code/$2/L/i.$3"
    [ "$whole" = "$2" ] || [ -z "$calls" ] || slipway_begin_digest "store/code/$2/manifest"
  else
    lease_other "$@"
  fi
}
lease_other() {
  slipway_lease_code store "\${2%%.*}" "$3" || stop code "$1"
  whole=\${slipway_instance##*/} taken="$taken $slipway_instance/L/i.$3" instance=\${slipway_instance##*/}
}

# The leased instance is whole, or another is taken in its place: N NAME TOKEN DIRECTORY.
verify() {
  [ "$whole" != "$instance" ] || return 0
  if slipway_looks_whole "store/code/$instance" "\${instance%%.*}"; then whole=$instance; return 0; fi
  slipway_give_back_intent "store/code/$instance" "$3"
  lease_other "$@"
  link_code "$4"
}

# Of an experiment.
folder() {
  [ -d "$1" ] || [ -d runs ] || mkdir runs || [ -d runs ] || stop folder "$1"
  [ -d "$1" ] || mkdir "$1" || [ -d "$1" ] || stop folder "$1"
}

# A run directory is complete when it is visible; fresh when it is this submission's: N EXPERIMENT JOB TOKEN.
prepare() {
  dir=runs/$2/$3 new=runs/$2/.new-$3.$nonce fresh=''
  folder "runs/$2"
  if [ ! -d "$dir" ]; then
    { change mkdir "$new" "$new/run" && "files_$1" "$new" && change symlink "../../../store/code/$instance/tree" "$new/code" &&
      place "$new" "$dir"; } || [ -d "$dir" ] || { rm -rf "$new"; stop folder "$dir"; }
    # Somebody else's may have been there first: then ours is where it was, or mv has put it into theirs.
    if [ -d "$new" ]; then rm -rf "$new"
    elif [ -d "$dir/.new-$3.$nonce" ]; then rm -rf "$dir/.new-$3.$nonce"
    else fresh=yes made="$made $dir"; fi
  fi
  [ -z "$fresh" ] || return 0
  field token "$dir/submission" || stop taken "$1" ''
  [ "$value" = "$4" ] || renew "$@"
  [ -e "$dir/released" ] || link_code "$dir"
}

# Never through the link that is there, into the code: DIRECTORY.
link_code() {
  [ "$(readlink "$1/code")" = "../../../store/code/$instance/tree" ] || ln -sfn "../../../store/code/$instance/tree" "$1/code"
}

add_need() { needs=$needs\${needs:+,}$1; }

# A job that was submitted before: N TYPE WORD NAME DIRECTORY. Slurm takes what it has forgotten for met: then its own record tells.
need() {
  field token "$5/submission" || stop need_unknown "$1" "$4"
  commit_of "$5" "$value"
  slipway_read_try "$commit" && [ "\${slipway_committed%.*}" = "$cluster" ] || stop need_unknown "$1" "$4"
  other=\${slipway_committed##*.}
  [ -n "$queue" ] || queue=" $(squeue -a --me -h -t all -o %F 2>&1 | tr '\\n' ' ') "
  case $queue in *" $other "*) add_need "$3:$other"; return ;; esac
  case $queue in *[!0-9" "]*) unanswered "$queue" ;; esac
  how_it_ended "$5" || stop need_unknown "$1" "$4"
  case $2/$good in
  any/* | ok/yes | corresponding/yes | notok/) ;;
  *) stop need_never "$1" "$4" ;;
  esac
}

# What Slurm has taken stays as it is, held; the next submission finds it.
unanswered() { say REASON; printf '%s\\n' "$1"; fail unreachable; }

# From now on the job may start: N NAME TOKEN ID. The intent is gone when it was revoked, or when another submitter of the token took it.
commit_lease() {
  tries=0
  until slipway_commit_lease "store/code/$2" "$3" "$cluster" "$4"; do
    tries=$((tries + 1))
    [ "$tries" -le 5 ] && slipway_take_intent "store/code/$2" "$3" || stop code "$1"
  done
}

# Which job counts, in id: RECORD TOKEN ID. Another of the same token is held, and taken back later: jobs may still wait for it.
commit_try() {
  slipway_commit_try "$1" "$2" "$cluster.$3" || stop folder "$1"
  id=\${slipway_committed##*.}
  [ "$id" = "$3" ] || late="$late $3"
}

# What was sent twice, when nobody could tell whether it had come: NAME TOKEN ID.
find_twins() {
  kept=$3
  find_job "$1" "$2"
  for each in $twins; do
    [ "$each" = "$kept" ] || late="$late $each"
  done
}

take_back_late() { [ -z "$late" ] || said=$(scancel $late 2>&1) || unanswered "$said"; }

# What is left to do needs no server, whose end the connection waits for.
end_calls() { [ -z "$calls" ] || exec 8>&- 9<&-; }

# A job waits for those that count: ID DEPENDENCIES RECORD TOKEN. Where somebody else has committed one of the token, this one may be
# cancelled by now, or may have ended: then it waited for those that count.
wait_for() {
  said=$(scontrol update "JobId=$1" "Dependency=$2" 2>&1) && return
  slipway_read_try "$3" && [ "$slipway_committed_token" = "$4" ] || unanswered "$said"
}

# Of a submission that is taken back: what is committed and cancelled nobody else submits under its token: ID...
withdraw() { said=$(scancel "$@" 2>&1) || unanswered "$said"; }

# Lets the jobs start: ID... One that has begun, or ended, needs it no more.
release() {
  said=$(IFS=,; scontrol release "$*" 2>&1) && return
  for each; do
    said=$(scontrol release "$each" 2>&1) && continue
    listed=$(squeue -a --me -h -t PENDING -o '%F|%r' 2>&1) || unanswered "$listed"
    case "
$listed" in *"
$each|JobHeld"*) unanswered "$said" ;; esac
  done
}
`;
