/** How bytes come: the names are those of `Packing`. */
export const unpacking = `
unpack() { case $1 in gzip) gzip -dc ;; zstd) zstd -qdc ;; *) cat ;; esac; }
`;

/** tar's standard input goes into $staging, unpacked by $codec, or in \`frames\` each by its own; as plain as the tar there can. */
export const receiving = `
unframe() {
  while read -r codec size && [ "$codec" != end ]; do
    case $codec in
    none) dd bs="$size" count=1 iflag=fullblock 2>/dev/null ;;
    *) dd bs="$size" count=1 iflag=fullblock 2>/dev/null | unpack "$codec" ;;
    esac || return 1
  done
}
extract() ( cd "$staging" && exec tar "$@" )
receive() {
  set -- -xm --no-same-owner --no-same-permissions -f -
  dd if=/dev/zero bs=512 count=2 2>/dev/null | extract "$@" >/dev/null 2>&1 || set -- -xmof -
  case $codec in
  none) extract "$@" >&2 ;;
  frames) unframe | extract "$@" >&2 ;;
  *) unpack "$codec" | extract "$@" >&2 ;;
  esac
}
`;

/**
 * Makes an instance of those that are there and of what is sent; \`renderDelta\`'s text goes before it. An intent of its own keeps the
 * instances that are read; links stay when they go. Whoever tampered with them: no symbolic link of theirs is followed by what
 * writes, and every file is compared with the manifest in the end. Answers as an upload does, or FAIL base: then all is to be sent.
 *
 * Whether the file system has hard links is found out once and kept in links.json. Files of another user cannot always be
 * linked (Linux, protected_hardlinks), so a link that fails is a copy.
 */
export const delta = `
reader=upload.$nonce.1 held=
let_go() {
  for each in $held; do slipway_give_back_intent "store/code/$each" "$reader"; done
  held=
}
hold() {
  for each in $instances; do
    slipway_take_intent "store/code/$each" "$reader" || return 1
    held="$held $each"
  done
}
trap "let_go; discard >/dev/null 2>&1; exit 1" HUP INT TERM PIPE

# A failed redirection of \`:\` would end the shell (POSIX, special built-ins).
know_links() {
  links=
  [ ! -f store/links.json ] || IFS= read -r links <store/links.json
  case $links in
  *\\"links\\":\\"hard\\"*) links=hard; return ;;
  *\\"links\\":\\"none\\"*) links=none; return ;;
  esac
  links=none
  printf "" >"$staging/probe" || return 0
  if ln "$staging/probe" "$staging/probed" 2>/dev/null; then links=hard; else printf "" >"$staging/probed" || return 0; fi
  rm -f "$staging/probe" "$staging/probed"
  printf "{\\"version\\":1,\\"links\\":\\"%s\\"}\\n" "$links" >"store/trash/.del-$nonce.links" &&
    mv -f "store/trash/.del-$nonce.links" store/links.json
  return 0
}
spell() { spelled=$(printf "%bx" "$1"); spelled=\${spelled%x}; }
throw_away() { [ ! -d "$1" ] || find "$1" -type d -exec chmod u+rwx {} +; rm -rf "$1"; }
clone() {
  if [ "$links" = hard ]; then
    cp -RPl "$1" "$2" 2>/dev/null && return
    throw_away "$2"
  fi
  cp -RP --reflink=auto "$1" "$2" 2>/dev/null && return
  throw_away "$2"
  cp -RP "$1" "$2"
}
place() {
  if [ "$links" = hard ]; then cp -RPl "$@" "$into/" 2>/dev/null && return; fi
  cp -RP "$@" "$into/"
}
place_copies() { cp -RP "$@" "$into/"; }
place_as() {
  if [ "$links" = hard ]; then ln "$1" "$2" 2>/dev/null && return; fi
  cp -RP "$1" "$2"
}
copy_as() { cp -RP "$1" "$2"; }

make_manifest() {
  [ -n "$patches" ] || return 0
  patch_text >"$staging/patch" && sed -f "$staging/patch" "store/code/$base/manifest" >"$staging/manifest" &&
    chmod a-w "$staging/manifest" && rm -f "$staging/patch"
}
take() {
  hold || return 1
  know_links
  if [ -n "$clones" ]; then clone "store/code/$base/tree" "$staging/tree"; else mkdir "$staging/tree"; fi || return 1
  slipway_is_folder "$staging/tree" || return 1
  if [ -n "$(find "$staging/tree" -type l | head -n 1)" ]; then
    find "$staging/tree" -type d -exec chmod u+w {} + && find "$staging/tree" -type l -exec rm -f {} + || return 1
  fi
  ( cd "$staging/tree" && open_up && change ) && make_manifest
}
fall_back() { let_go; discard >/dev/null 2>&1; say FAIL base; exit 1; }

codec=$8
begin "$7"
take || fall_back
let_go
if [ -n "$sends" ]; then receive; fi
[ -d "$staging/L" ] || refuse reclaimed
( cd "$staging/tree" && repeat ) && find "$staging/tree" -type d -perm -0200 -exec chmod a-w {} + || fall_back
check "$staging" || fall_back
publish
`;
