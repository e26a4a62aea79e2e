/** Finds and leases code. All the other parts need this one before them. */
export const finding = `
slipway_is_folder() { [ -d "$1" ] && [ ! -L "$1" ]; }

# INSTANCE: it may be leased. Only the making of a lease tells for certain.
slipway_is_open() { slipway_is_folder "$1" && slipway_is_folder "$1/L"; }

slipway_mark() { slipway_is_open "$1" && { mkdir "$1/L/$2" 2>/dev/null || slipway_is_folder "$1/L/$2"; }; }
slipway_unmark() {
  [ ! -L "$1" ] && [ ! -L "$1/L" ] || return 1
  rmdir "$1/L/$2" 2>/dev/null || { [ ! -e "$1/L/$2" ] && [ ! -L "$1/L/$2" ]; }
}

# INSTANCE TOKEN: a submit is under way.
slipway_take_intent() { slipway_mark "$1" "i.$2"; }
slipway_give_back_intent() { slipway_unmark "$1" "i.$2"; }

slipway_count() {
  set -- "$1"/*
  if [ $# -eq 1 ] && [ ! -e "$1" ] && [ ! -L "$1" ]; then shift; fi
  slipway_total=$#
}

slipway_digest() {
  if command -v sha256sum >/dev/null; then slipway_sum=$(sha256sum <"$1"); else slipway_sum=$(shasum -a 256 <"$1"); fi
  slipway_sum=\${slipway_sum%% *}
}

# MANIFEST: how many names there are at the tree's top, in slipway_top.
slipway_count_top() {
  slipway_top=$(sed -n -e "s/^file [0-7]* [0-9]* [0-9a-f]* //p" -e t -e "s/^symlink - - - //p" "$1" | cut -d/ -f1 | uniq | grep -c "")
}

# INSTANCE DIGEST [TOP]: a quick look, without reading the code. TOP is the number of names at the tree's top, counted from
# the manifest when empty. Else slipway_problem says why.
slipway_looks_whole() {
  slipway_problem="its manifest is missing"; [ -f "$1/manifest" ] || return 1
  slipway_problem="its manifest is not the one of its digest"; slipway_digest "$1/manifest"; [ "$slipway_sum" = "$2" ] || return 1
  slipway_problem="its tree is missing"; slipway_is_folder "$1/tree" || return 1
  slipway_top=\${3-} slipway_found=0
  [ -n "$slipway_top" ] || slipway_count_top "$1/manifest"
  for slipway_name in "$1"/tree/* "$1"/tree/.[!.]* "$1"/tree/..?*; do
    if [ -e "$slipway_name" ] || [ -L "$slipway_name" ]; then slipway_found=$((slipway_found + 1)); fi
  done
  slipway_problem="$slipway_found of $slipway_top names are at its top"; [ "$slipway_found" -eq "$slipway_top" ]
}

# STORE DIGEST [NAMES TO PASS OVER]: the open instance with the most leases, in slipway_instance; of equals the first by name.
slipway_choose() {
  slipway_instance='' slipway_most=-1
  for slipway_each in "$1/code/$2".*; do
    slipway_name=\${slipway_each##*/}
    case \${slipway_name#*.} in *[!0-9A-Za-z]*) continue ;; esac
    case " \${3-} " in *" $slipway_name "*) continue ;; esac
    slipway_is_open "$slipway_each" || continue
    slipway_count "$slipway_each/L"
    if [ "$slipway_total" -gt "$slipway_most" ]; then slipway_most=$slipway_total slipway_instance=$slipway_each; fi
  done
  [ -n "$slipway_instance" ]
}

# INSTANCE: called for each that is not as its manifest says, with slipway_problem. To be defined again by who wants to tell.
slipway_on_damage() { :; }

# STORE DIGEST TOKEN [TOP]: chooses, takes the intent (none for an empty token), looks whether it is whole; in slipway_instance.
# Fails when there is none: upload.
slipway_lease_code() {
  slipway_passed=''
  while slipway_choose "$1" "$2" "$slipway_passed"; do
    if [ -z "$3" ] || slipway_take_intent "$slipway_instance" "$3"; then
      if slipway_looks_whole "$slipway_instance" "$2" "\${4-}"; then return; fi
      [ -z "$3" ] || slipway_give_back_intent "$slipway_instance" "$3"
      slipway_on_damage "$slipway_instance"
    fi
    slipway_passed="$slipway_passed \${slipway_instance##*/}"
  done
  return 1
}
`;

/** What becomes of a lease that was taken. */
export const holding = `
# INSTANCE EXPERIMENT
slipway_pin() { slipway_mark "$1" "p.$2"; }
slipway_unpin() { slipway_unmark "$1" "p.$2"; }

# INSTANCE TOKEN CLUSTER JOBID: the intent becomes the job's lease, whose age counts from here. Fails when the intent was
# revoked: the job must not be released then. mv would put the intent into a lease that is there already.
slipway_commit_lease() {
  slipway_is_open "$1" && [ ! -L "$1/L/j.$3.$4" ] || return 1
  [ -d "$1/L/j.$3.$4" ] || mv -f "$1/L/i.$2" "$1/L/j.$3.$4" 2>/dev/null
  slipway_is_folder "$1/L/j.$3.$4" && touch -c "$1/L/j.$3.$4" || return 1
  [ ! -d "$1/L/j.$3.$4/i.$2" ] || rmdir "$1/L/j.$3.$4/i.$2" 2>/dev/null
  [ ! -d "$1/L/i.$2" ] || slipway_give_back_intent "$1" "$2"
}

# INSTANCE: prints the names of its leases, one a line.
slipway_leases() {
  for slipway_lease in "$1"/L/[ijwp].*; do
    case \${slipway_lease##*/} in *[!0-9A-Za-z_.-]*) continue ;; esac
    if slipway_is_folder "$slipway_lease"; then echo "\${slipway_lease##*/}"; fi
  done
}
`;

/** Exactly one job of a try: whoever creates the record runs. The record lies outside the store, in the job's run directory. */
export const trying = `
# FILE: which job counts, in slipway_committed (CLUSTER.JOBID), with slipway_committed_token. Fails when there is none, or none yet.
slipway_read_try() {
  slipway_committed='' slipway_committed_token='' slipway_complete=''
  [ -f "$1" ] && [ ! -L "$1" ] || return 1
  while IFS='=' read -r slipway_key slipway_value; do
    case $slipway_key in
    token) slipway_committed_token=$slipway_value ;;
    job) slipway_committed=$slipway_value ;;
    end) slipway_complete=$slipway_value ;;
    esac
  done 2>/dev/null <"$1"
  [ "$slipway_complete" = 1 ] && [ -n "$slipway_committed" ]
}

# FILE: exclusively, without a process: printf is no special builtin, whose failure would end the shell.
slipway_create() {
  set -C
  if { printf "" >"$1"; } 2>/dev/null; then set +C; else set +C; return 1; fi
}

# FILE TOKEN JOB: creates the record unless there is one, complete when it is visible: link(2). Succeeds when one is there for
# this token: see slipway_committed for whose. Fails when nothing is known: release no job.
slipway_commit_try() {
  if ! slipway_read_try "$1"; then
    [ ! -d "$1" ] && [ ! -L "$1" ] || return 1
    slipway_draft=$1.$3.$$
    until slipway_create "$slipway_draft"; do
      [ -e "$slipway_draft" ] && [ "\${#slipway_draft}" -lt 4000 ] || return 1
      slipway_draft=$slipway_draft.x
    done
    printf "version=1\\ntoken=%s\\njob=%s\\nend=1\\n" "$2" "$3" 2>/dev/null >"$slipway_draft"
    if slipway_read_try "$slipway_draft"; then
      ln "$slipway_draft" "$1" 2>/dev/null || [ -e "$1" ] || [ -L "$1" ] ||
        (set -C; printf "version=1\\ntoken=%s\\njob=%s\\nend=1\\n" "$2" "$3" >"$1") 2>/dev/null
    fi
    rm -f "$slipway_draft"
    slipway_read_try "$1" || return 1
  fi
  [ "$slipway_committed_token" = "$2" ]
}
`;

/** For the job's wrapper, on a compute node. */
export const wrapping = `
# INSTANCE CLUSTER JOBID: the job's own lease is there, or the wrapper takes one.
slipway_take_wrapper_lease() {
  slipway_is_folder "$1" && slipway_is_folder "$1/L/j.$2.$3" || slipway_mark "$1" "w.$2.$3"
}

slipway_use_instance() { # INSTANCE DIGEST CLUSTER JOBID
  slipway_instance=$1
  slipway_take_wrapper_lease "$1" "$3" "$4" && slipway_looks_whole "$1" "$2"
}

# STORE NAME DIGEST CLUSTER JOBID WAIT_SECONDS: holds the instance NAME for this job, or another of the same code: in
# slipway_instance. Waits, for folders may be seen late. At last it says on standard error what is missing, and fails.
slipway_use_code() {
  slipway_waited=0
  until slipway_use_instance "$1/code/$2" "$3" "$4" "$5"; do
    slipway_passed=$2
    while slipway_choose "$1" "$3" "$slipway_passed"; do
      if slipway_use_instance "$slipway_instance" "$3" "$4" "$5"; then return; fi
      slipway_passed="$slipway_passed \${slipway_instance##*/}"
    done
    if [ "$slipway_waited" -ge "$6" ]; then
      echo "slipway: the code $3 of this job is not in $1/code any more, or not whole. Was it removed by hand? See $1/trash/$3.*" >&2
      return 1
    fi
    slipway_waited=$((slipway_waited + 1))
    sleep 1
  done
}
`;
