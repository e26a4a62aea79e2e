/** Steps of a submission that look at earlier tries and at jobs that were submitted before; after `submitSteps`, in the job_dir. */
export const trySteps = `
# The run directory of an earlier try becomes this one's: N EXPERIMENT JOB TOKEN. What was that try's lies in try-N from then on; logs and
# evidence stay, and its attempts count on. The last step, which may be the only one that was missing, is that of the submission's record.
renew() {
  old=\${value##*.} keep=$dir/try-\${value##*.} made_new=$dir/.new-$nonce
  [ "\${value%.*}" = "\${4%.*}" ] && [ "$old" -lt "\${4##*.}" ] || stop taken "$1" "$value"
  ended "$1" "$value"
  first=1
  for file in "$dir"/*attempt-*.*; do
    number=\${file##*attempt-} number=\${number%%.*}
    case $number in '' | *[!0-9]*) continue ;; esac
    [ "$number" -lt "$first" ] || first=$((number + 1))
  done
  mkdir "$made_new" && "files_$1" "$made_new" && settle && sed "s/^first_attempt=.*/first_attempt=$first/" "$made_new/submission" >"$made_new/.submission" &&
    { [ -d "$keep" ] || mkdir "$keep"; } || { rm -rf "$made_new"; stop folder "$dir"; }
  renewed="$renewed $keep"
  [ -e "$keep/submission" ] || cp -p "$dir/submission" "$keep/submission" || stop folder "$keep"
  for file in "$made_new"/* "$dir/env" "$dir"/env.* "$dir/secrets" "$dir/cancel" "$dir/released"; do
    file=\${file##*/}
    [ "$file" != submission ] || continue
    [ ! -e "$dir/$file" ] || [ -e "$keep/$file" ] || mv "$dir/$file" "$keep/$file" || stop folder "$keep"
    [ -e "$made_new/$file" ] || continue
    [ -e "$keep/$file" ] || added="$added $dir/$file"
    mv -f "$made_new/$file" "$dir/$file" || stop folder "$dir"
  done
  mv -f "$made_new/.submission" "$dir/submission" || stop folder "$dir"
  rm -rf "$made_new"
}

# The try of a token has ended, as far as Slurm knows: N TOKEN. One that may be started again has not.
ended() {
  commit_of "$dir" "$2"
  slipway_read_try "$commit" || stop not_ended "$1" "$2" "it was not submitted to its end"
  before=\${slipway_committed##*.}
  [ "\${slipway_committed%.*}" = "$cluster" ] || stop not_ended "$1" "$2" "it is a job of $slipway_committed"
  listed=$(squeue -a --me -h -t all -o '%F|%T' 2>&1) || unanswered "$listed"
  while IFS='|' read -r number state; do
    [ "$number" = "$before" ] || continue
    case $state in
    COMPLETED | FAILED | CANCELLED | TIMEOUT | DEADLINE | OUT_OF_MEMORY) ;;
    *) stop not_ended "$1" "$2" "job $before is $state" ;;
    esac
  done <<LISTED
$listed
LISTED
}

# Which file tells the job of a token, in commit: DIRECTORY TOKEN.
commit_of() {
  commit=$1/commit
  [ "\${2##*.}" = 1 ] || commit=$1/try-\${2##*.}.commit
}

# By its own records, whether it was a success, in good; of an array all elements: DIRECTORY. Fails when they do not tell.
how_it_ended() {
  good=yes number=0 elements=''
  field first_attempt "$1/submission" || value=1
  first=$value
  ! field elements "$1/submission" || elements=$value
  for file in "$1"/\${elements:+array-*.}attempt-*.start; do
    begun=\${file%.start} attempt=\${file##*attempt-} attempt=\${attempt%.start}
    [ -f "$file" ] && [ "$attempt" -ge "$first" ] || continue
    [ ! -e "\${begun%-*}-$((attempt + 1)).start" ] || continue # The last attempt counts.
    field outcome "$begun.exit" || return 1
    number=$((number + 1)) end=$value
    field exit "$begun.exit"
    [ "$end:$value" = ended:0 ] || good=''
  done
  [ "$number" -ge "\${elements:-1}" ]
}
`;
