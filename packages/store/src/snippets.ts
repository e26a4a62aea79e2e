import { compact } from "./lease-functions.ts";
import { finding } from "./lease-parts.ts";

/**
 * The shell side of the store: POSIX sh for dash, bash, busybox and macOS. A snippet is the argument of `sh -c`; its values
 * are positional parameters, never part of its text, and its standard input is free for a payload. It answers on standard
 * output in lines that begin with the tag, so that nothing a login shell prints is taken for an answer.
 * Parameters of all: 1 tag, 2 root.
 */
export function renderSnippet(name: SnippetName): string {
  return parts[name].map(compact).join("\n");
}

export type SnippetName = "find" | "upload" | "list" | "verify";

const prelude = `
tag=$1 root=$2 LC_ALL=C
export LC_ALL
unset CDPATH TAR_OPTIONS
exec 3>&1
printf "\\n%s\\n" "$tag" >&2
say() { printf "\\n%s %s\\n" "$tag" "$*" >&3; }
fail() { say FAIL "$@"; exit 1; }
`;

const sha = `
if command -v sha256sum >/dev/null 2>&1; then sha() { sha256sum "$@"; }
elif command -v shasum >/dev/null 2>&1; then sha() { shasum -a 256 "$@"; }
else fail tool "sha256sum or shasum"
fi
digest_of() { sum=$(sha <"$1") && sum=\${sum%% *}; }
`;

const needSha = `
command -v sha256sum >/dev/null 2>&1 || command -v shasum >/dev/null 2>&1 || fail tool "sha256sum or shasum"
`;

/** 3 nonce, 4 text for a new layout.json, 5 cluster's name. Goes to the root and makes what a store has. What is made below `store` does not follow the user's umask. */
const enter = `
nonce=$3 layout=$4
[ -d "$root" ] || mkdir -p "$root" || fail root
cd "$root" || fail root
folder() {
  [ ! -L "$1" ] || fail symlink "$1"
  [ -d "$1" ] || mkdir "$1" || [ -d "$1" ] || fail folder "$1"
}
folder store
umask 022
if [ ! -f store/layout.json ]; then
  folder store/trash
  draft=store/trash/.del-$nonce.layout
  printf "%s\\n" "$layout" | cat >"$draft" && IFS= read -r written <"$draft" && [ "$written" = "$layout" ] || fail folder store/layout.json
  ln "$draft" store/layout.json 2>/dev/null || [ -f store/layout.json ] || mv "$draft" store/layout.json || fail folder store/layout.json
  rm -f "$draft"
fi
IFS= read -r layout <store/layout.json
case $layout in *\\"version\\":1[,}]*) ;; *) fail layout "$layout" ;; esac
case $layout in *\\"clusterName\\":\\"$5\\"*) ;; *) fail cluster "$layout" ;; esac
folder store/code
folder store/trash
`;

/**
 * 5 cluster's name, 6 digest, 7 number of names at the tree's top, 8 token or nothing. Answers DAMAGED for each instance it
 * had to pass over, then HAVE, with the intent taken, or NEED; `NEED trash` when code of this digest lies in the trash.
 */
const find = `
slipway_on_damage() { say DAMAGED "\${1#store/code/}" "$slipway_problem"; }
if slipway_lease_code store "$6" "$8" "$7"; then say HAVE "\${slipway_instance#store/code/}"; exit 0; fi
for trashed in store/trash/"$6".*; do
  if [ -d "$trashed/tree" ]; then say NEED trash; exit 0; fi
done
say NEED
`;

/**
 * check FOLDER compares an instance with its manifest, whose digest is $digest; says BAD for what is wrong and fails.
 * Kinds and modes are counted (one walk), contents hashed (one process); names with a backslash in the manifest have
 * characters that \`sha256sum -c\` reads differently from tool to tool, so these files are hashed one by one.
 */
const check = `
wrong() { say BAD "$@"; bad=1; }
expect() { [ "$2" -eq "$3" ] || wrong count "$1" "$2" "$3"; }
bytes_of() { case $1 in *\\\\*) path=$(printf "%bx" "tree/$1"); path=\${path%x} ;; *) path=tree/$1 ;; esac; }
check() ( cd "$1" && check_here )
check_here() {
  bad=0
  if [ ! -f manifest ] || [ -L manifest ]; then wrong no-manifest; return 1; fi
  digest_of manifest
  [ "$sum" = "$digest" ] || { wrong other-manifest; return 1; }
  IFS= read -r header <manifest
  set -- $header
  files=\${3#files=} symlinks=\${4#symlinks=} directories=\${5#directories=}
  executables=$(grep -c "^file 755 " manifest)
  plain=$(grep -c "^file [^\\\\]*$" manifest)
  check_kinds
  [ "$bad" -eq 0 ] || { name_strays; return 1; }
  check_plain
  [ "$plain" -eq "$files" ] || check_odd
  [ "$executables" -eq 0 ] || check_executables
  [ "$symlinks" -eq 0 ] || check_symlinks
  return "$bad"
}
check_kinds() {
  d=0 f=0 x=0 l=0 w=0 o=0
  for n in $(find tree -type l -exec sh -c "echo l\\$#" sh {} + \\
    -o \\( -perm -0200 -o -perm -0020 -o -perm -0002 \\) -exec sh -c "echo w\\$#" sh {} + \\
    -o -type d -exec sh -c "echo d\\$#" sh {} + -o -type f -perm -0100 -exec sh -c "echo x\\$#" sh {} + \\
    -o -type f -exec sh -c "echo f\\$#" sh {} + -o -exec sh -c "echo o\\$#" sh {} +)
  do
    case $n in
      d*) d=$((d + \${n#d})) ;; f*) f=$((f + \${n#f})) ;; x*) x=$((x + \${n#x})) ;;
      l*) l=$((l + \${n#l})) ;; w*) w=$((w + \${n#w})) ;; *) o=$((o + \${n#o})) ;;
    esac
  done
  expect writable "$w" 0
  [ "$w" -gt 0 ] || expect files $((f + x)) "$files"
  [ "$w" -gt 0 ] || expect directories "$d" $((directories + 1))
  [ "$w" -gt 0 ] || expect executables "$x" "$executables"
  expect symlinks "$l" "$symlinks"
  expect others "$o" 0
}
name_strays() {
  {
    sed -n -e "s/^file [0-7]* [0-9]* [0-9a-f]* /tree\\//p" -e "s/^symlink - - - /tree\\//p" manifest |
      while IFS= read -r name; do printf "%b\\n" "$name"; done
    find tree ! -type d
  } | sort | uniq -u | head -n 10 | while IFS= read -r name; do
    if [ -e "$name" ] || [ -L "$name" ]; then wrong extra "$name"; else wrong missing "$name"; fi
  done
}
sums() { sed -n -e "/\\\\\\\\/d" -e "s/^file [0-7]* [0-9]* \\([0-9a-f]*\\) /\\1  tree\\//p" manifest | sha -c 2>/dev/null; }
check_plain() {
  [ "$plain" -gt 0 ] && [ "$(sums | grep -c ": OK$")" -ne "$plain" ] || return 0
  bad=1
  sums | grep -v ": OK$" | head -n 10 | while IFS= read -r name; do wrong content "\${name%: FAILED*}"; done
}
count_lines() { [ "$1" -eq "$2" ] || bad=1; }
check_odd() {
  count_lines $((files - plain)) "$(grep "^file .*\\\\\\\\" manifest | {
    good=0
    while IFS= read -r line; do
      name=\${line#file * * * } expected=\${line%" $name"}
      bytes_of "$name"
      digest_of "$path"
      if [ "$sum" = "\${expected##* }" ]; then good=$((good + 1)); else wrong content "tree/$name"; fi
    done
    echo "$good"
  })"
}
check_executables() {
  count_lines "$executables" "$(grep "^file 755 " manifest | {
    good=0
    set --
    unfit() { find "$@" ! -perm -0100 2>&1; }
    while IFS= read -r line; do
      bytes_of "\${line#file * * * }"
      set -- "$@" "$path"
      good=$((good + 1))
      if [ $# -eq 500 ]; then [ -z "$(unfit "$@")" ] || wrong modes; set --; fi
    done
    if [ $# -gt 0 ] && [ -n "$(unfit "$@")" ]; then wrong modes; good=-1; fi
    echo "$good"
  })"
}
check_symlinks() {
  command -v readlink >/dev/null 2>&1 || fail tool readlink
  count_lines "$symlinks" "$(grep -e "^symlink " -e "^target " manifest | {
    good=0
    while IFS= read -r link && IFS= read -r target; do
      bytes_of "\${link#symlink - - - }"
      if [ "$(readlink -n "$path" && echo x)" = "$(printf "%bx" "\${target#target }")" ]; then good=$((good + 1)); else wrong target "tree/\${link#symlink - - - }"; fi
    done
    echo "$good"
  })"
}
`;

/** 5 cluster's name, 6 digest, 7 token or nothing; standard input is the tar. Answers HAVE, with the intent taken, or BAD and FAIL. */
const upload = `
digest=$6 staging=store/code/.in-$6.$3 instance=store/code/$6.$3
intent=\${7:+$staging/L/i.$7}
for tool in tar find sed grep; do command -v "$tool" >/dev/null 2>&1 || fail tool "$tool"; done
discard() {
  trap "" HUP INT TERM PIPE
  mv "$staging" "store/trash/.del-$nonce" || return
  find "store/trash/.del-$nonce" -type d -exec chmod u+rwx {} +
  rm -rf "store/trash/.del-$nonce"
}
refuse() { say FAIL "$@"; discard >/dev/null 2>&1; exit 1; }
trap "discard >/dev/null 2>&1; exit 1" HUP INT TERM PIPE
mkdir "$staging" "$staging/L" $intent "$staging/tree" || refuse folder "$staging"
extract() ( cd "$staging" && exec tar "$@" )
set -- -xm --no-same-owner --no-same-permissions -f -
dd if=/dev/zero bs=512 count=2 2>/dev/null | extract "$@" >/dev/null 2>&1 || set -- -xmof -
extract "$@" >&2
extracted=$?
[ -d "$staging/L" ] || refuse reclaimed
find "$staging/tree" -type d -exec chmod a-w {} + || refuse extract
check "$staging" || refuse extract "$extracted"
sync -f "$staging" 2>/dev/null || sync
[ -d "$staging/L" ] || refuse reclaimed
if [ -e "$instance" ] || [ -L "$instance" ]; then refuse folder "$instance"; fi
mv "$staging" "$instance" || { [ -d "$instance/L" ] && [ ! -e "$staging" ]; } || refuse folder "$instance"
say HAVE "\${instance#store/code/}"
`;

/** Answers INSTANCE for each, then DONE. */
const list = `
if [ ! -d "$root/store/code" ]; then ls -d "$root/store/code" >&2; fail absent; fi
cd "$root/store/code" || fail unreadable
for instance in *.*; do
  case $instance in *[!0-9A-Za-z.]*) continue ;; esac
  [ -d "$instance" ] && [ ! -L "$instance" ] || continue
  header= state=closed
  if [ -d "$instance/L" ]; then state=open; fi
  if [ -f "$instance/manifest" ]; then IFS= read -r header <"$instance/manifest"; fi
  say INSTANCE "$instance" "$state" "$header"
done
say DONE
`;

/** 3 instance. Answers BAD for each thing that is wrong, then DONE with 0 or 1. */
const verify = `
instance=$root/store/code/$3 digest=\${3%%.*}
if [ ! -d "$instance" ] || [ -L "$instance" ]; then fail absent; fi
check "$instance"
say DONE $?
`;

const parts: Readonly<Record<SnippetName, readonly string[]>> = {
  find: [prelude, needSha, enter, finding, find],
  upload: [prelude, sha, enter, check, upload],
  list: [prelude, list],
  verify: [prelude, sha, check, verify],
};
