/** For programs that write beside their code: a copy of their own. POSIX sh like `lease-parts.ts`. */
export const copying = `
# PATH: away with it, whatever its modes.
slipway_throw_away() {
  if [ -d "$1" ] && [ ! -L "$1" ]; then find "$1" -type d -exec chmod u+rwx {} + ; fi
  rm -rf "$1"
}

# INSTANCE DEST: DEST becomes a writable copy of the instance's code, whole or not there at all. Never links: nothing that is done to
# it reaches the store. Blocks are shared where the file system copies on write. One that is there already stays as it is, with what
# was done to it. Fails with a message on standard error; 0 also when another process was faster.
slipway_private_copy() {
  [ ! -L "$2" ] || { echo "slipway: $2 is a symbolic link" >&2; return 1; }
  [ ! -d "$2" ] || return 0
  slipway_copy=$2.new-$$
  slipway_throw_away "$slipway_copy" || return 1
  if cp -RP --reflink=auto "$1/tree" "$slipway_copy" 2>/dev/null ||
    { slipway_throw_away "$slipway_copy" && cp -RP "$1/tree" "$slipway_copy"; } &&
    find "$slipway_copy" ! -type l -exec chmod u+w {} + &&
    slipway_move_into_place "$slipway_copy" "$2"; then return; fi
  slipway_throw_away "$slipway_copy"
  echo "slipway: cannot copy the code to $2" >&2
  return 1
}

# A folder that has come there in the meantime would take it in.
slipway_move_into_place() {
  mv "$1" "$2" 2>/dev/null || { [ -d "$2" ] || return 1; slipway_throw_away "$1"; return; }
  [ ! -d "$2/\${1##*/}" ] || slipway_throw_away "$2/\${1##*/}"
}
`;
