/**
 * What a cleaner does, in POSIX sh like `lease-parts.ts`. Each takes one thing away in one atomic step that the file server
 * decides, so that a view that was stale, or another cleaner, does no harm. A step returns 0 done; 1 refused, with the reason
 * in slipway_refusal; 2 not there any more, which is also what the repetition of a step says whose answer was lost.
 */
export const cleaning = `
# PATH: nothing has that name, and it is not that one may not see it.
slipway_is_gone() {
  [ ! -e "$1" ] && [ ! -L "$1" ] || return 1
  case $(LC_ALL=C ls -d "$1" 2>&1) in *"No such file or directory"*) ;; *) return 1 ;; esac
}

slipway_refuse() { slipway_refusal=$1; return 1; }

# PATHS: no step goes through a link.
slipway_no_links() {
  for slipway_path do
    [ ! -L "$slipway_path" ] || slipway_refuse "\${slipway_path##*/} is a symbolic link" || return 1
  done
}

# PATH COMMAND...: the command takes PATH away.
slipway_step() {
  slipway_path=$1
  shift
  if slipway_refusal=$(LC_ALL=C "$@" 2>&1); then return; fi
  if slipway_is_gone "$slipway_path"; then return 2; fi
  return 1
}

# INSTANCE LEASE: revokes an intent, drops a job's or a wrapper's lease, unpins.
slipway_remove_lease() { slipway_no_links "$1" "$1/L" && slipway_step "$1/L/$2" rmdir "$1/L/$2"; }

# INSTANCE: nobody can lease it any more. The server refuses while a lease is inside.
slipway_close() { slipway_no_links "$1" "$1/L" && slipway_step "$1/L" rmdir "$1/L"; }

# FROM TO: a new name, which nothing has.
slipway_rename() {
  slipway_no_links "$1" || return 1
  if slipway_is_gone "$1"; then return 2; fi
  slipway_is_gone "$2" || slipway_refuse "there is a \${2##*/} already" || return 1
  slipway_step "$1" mv -f "$1" "$2"
}

# STORE NAME: a closed instance goes to the trash.
slipway_move() {
  if slipway_is_gone "$1/code/$2"; then return 2; fi
  slipway_is_gone "$1/code/$2/L" || slipway_refuse "it is open" || return 1
  slipway_rename "$1/code/$2" "$1/trash/$2"
}

# STORE NAME NONCE: claims what lies in the trash, or an unfinished upload, for deletion. slipway_delete follows.
slipway_purge() { slipway_rename "$1/trash/$2" "$1/trash/.del-$3"; }
slipway_reclaim() { slipway_rename "$1/code/.in-$2" "$1/trash/.del-$3"; }

# FOLDER: only what is claimed. Who is just taking its tree back has it under its old name: one of the two renames fails.
slipway_delete() {
  case \${1##*/} in .del-*) ;; *) return 1 ;; esac
  [ ! -L "$1" ] || return 1
  mv -f "$1/tree" "$1/gone" 2>/dev/null
  rm -rf "$1" 2>/dev/null || { find "$1" -type d -exec chmod u+rwx {} + && rm -rf "$1"; }
}
`;

/** How an instance comes into being: by an upload, or from what lies in the trash. Needs `finding` and `cleaning` before it. */
export const making = `
# STORE NAME TOKEN: the folder of an unfinished instance, leased from the first moment.
slipway_begin() { mkdir "$1/code/.in-$2" "$1/code/.in-$2/L" && { [ -z "$3" ] || mkdir "$1/code/.in-$2/L/i.$3"; }; }

# STORE TRASHED NAME: the code of a closed instance goes into an unfinished one. A closed instance itself never comes back.
slipway_take_tree() {
  slipway_is_folder "$1/trash/$2" && slipway_is_folder "$1/trash/$2/tree" && [ ! -L "$1/trash/$2/manifest" ] || return 1
  cp "$1/trash/$2/manifest" "$1/code/.in-$3/manifest" 2>/dev/null && chmod u+w "$1/trash/$2/tree" 2>/dev/null || return 1
  mv -f "$1/trash/$2/tree" "$1/code/.in-$3/tree" 2>/dev/null || slipway_is_folder "$1/code/.in-$3/tree" || return 1
  chmod a-w "$1/code/.in-$3/tree" "$1/code/.in-$3/manifest"
}

# STORE NAME: it becomes an instance. 2: a cleaner has taken the unfinished one away.
slipway_publish() {
  slipway_is_folder "$1/code/.in-$2/L" || return 2
  slipway_is_gone "$1/code/$2" || return 1
  mv -f "$1/code/.in-$2" "$1/code/$2" || { slipway_is_open "$1/code/$2" && slipway_is_gone "$1/code/.in-$2"; }
}
`;
