import { check } from "./check-part.ts";
import { cleaning, making } from "./cleaning-parts.ts";
import { steps } from "./cleaning-snippets.ts";
import { contents } from "./contents-listing.ts";
import { delta, receiving, unpacking } from "./delta/part.ts";
import { examination } from "./health/snippet.ts";
import { compact } from "./lease-functions.ts";
import { finding, holding } from "./lease-parts.ts";
import { leases, leftovers, list } from "./listing-snippets.ts";

/**
 * The shell side of the store: POSIX sh for dash, bash, busybox and macOS. A snippet is the argument of `sh -c`; its values
 * are positional parameters, never part of its text, and its standard input is free for a payload. It answers on standard
 * output in lines that begin with the tag, so that nothing a login shell prints is taken for an answer.
 * Parameters of all: 1 tag, 2 root.
 */
export function renderSnippet(name: SnippetName): string {
  return parts[name].map(compact).join("\n");
}

/** What follows `find` in the same command; whole only with its last line. */
export function renderContinuation(name: ContinuationName): string {
  return `${continuations[name].map(compact).join("\n")}\n${lastLine}`;
}

const lastLine = "# end";

export type ContinuationName = "upload" | "delta";

export type SnippetName =
  | "find"
  | "upload"
  | "manifest"
  | "examination"
  | "restore"
  | "steps"
  | "contents"
  | "leases"
  | "leftovers"
  | "list"
  | "verify";

const prelude = `
tag=$1 root=$2 LC_ALL=C
export LC_ALL
unset CDPATH TAR_OPTIONS PERL5OPT PERL_UNICODE
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

/** know_layout CLUSTER */
const layout = `
know_layout() {
  IFS= read -r layout <store/layout.json
  case $layout in *\\"version\\":1[,}]*) ;; *) fail layout "$layout" ;; esac
  case $layout in *\\"clusterName\\":\\"$1\\"*) ;; *) fail cluster "$layout" ;; esac
}
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
know_layout "$5"
folder store/code
folder store/trash
`;

/**
 * 5 cluster's name, 6 digest, 7 number of names at the tree's top, 8 token or nothing. Answers DAMAGED for each instance it
 * had to pass over, then HAVE, with the intent taken; or TOOLS that can unpack (`fullblock`: its dd takes as many bytes as it is told), BASE for each of the newest that may be leased, and
 * NEED, which is `NEED trash` when code of this digest lies in the trash. Then it reads a line `<packing> <bytes>`, and a continuation of so
 * many bytes, whose parameter 7 is the token; it begins nothing that was cut off, and ends when there is none. What follows is the
 * continuation's to read: without `fullblock`, it is read byte by byte (POSIX, "dd": `ibs`).
 */
const find = `
slipway_on_damage() { say DAMAGED "\${1#store/code/}" "$slipway_problem"; }
if slipway_lease_code store "$6" "$8" "$7"; then say HAVE "\${slipway_instance#store/code/}"; exit 0; fi
say TOOLS $(command -v gzip) $(command -v zstd) $(dd iflag=fullblock </dev/null 2>/dev/null && echo fullblock)
ls -t store/code | sed -n "/^[0-9a-f]*\\.[0-9A-Za-z]*$/p" | while read -r each && [ "\${n:=8}" -gt 0 ]; do
  if slipway_is_open "store/code/$each" && [ -w "store/code/$each/L" ]; then say BASE "$each"; n=$((n - 1)); fi
done
trash=
for trashed in store/trash/"$6".*; do [ ! -d "$trashed/tree" ] || trash=trash; done
say NEED $trash
set -- "$1" "$2" "$3" "$4" "$5" "$6" "$8"
read -r codec size || exit 0
command -v dd >/dev/null 2>&1 || fail tool dd
script=$({ dd bs="$size" count=1 iflag=fullblock || dd ibs=1 obs=4096 count="$size"; } 2>/dev/null | unpack "$codec")
case $script in *"${lastLine}") eval "$script" ;; esac
`;

/** 6 digest. For those who make an instance: nothing of it stays unless it is published. */
const stage = `
digest=$6 name=$6.$3 staging=store/code/.in-$6.$3
discard() {
  trap "" HUP INT TERM PIPE
  slipway_reclaim store "$name" "$nonce" && slipway_delete "store/trash/.del-$nonce"
}
refuse() { say FAIL "$@"; discard >/dev/null 2>&1; exit 1; }
trap "discard >/dev/null 2>&1; exit 1" HUP INT TERM PIPE
begin() { slipway_begin store "$name" "$1" || refuse folder "$staging"; }
publish() {
  sync -f "$staging" 2>/dev/null || sync
  slipway_publish store "$name"
  case $? in
  0) say HAVE "$name"; exit 0 ;;
  2) refuse reclaimed ;;
  *) refuse folder "store/code/$name" ;;
  esac
}
`;

/** 5 cluster's name, 6 digest, 7 token or nothing, 8 how the tar is packed, which is standard input. Answers HAVE, with the intent taken, or BAD and FAIL. */
const upload = `
codec=$8
for tool in tar find sed grep; do command -v "$tool" >/dev/null 2>&1 || fail tool "$tool"; done
begin "$7"
mkdir "$staging/tree" || { [ -d "$staging/L" ] || refuse reclaimed; refuse folder "$staging/tree"; }
receive
extracted=$?
[ -d "$staging/L" ] || refuse reclaimed
find "$staging/tree" -type d -exec chmod a-w {} + || refuse extract
check "$staging" || refuse extract "$extracted"
publish
`;

/**
 * 5 cluster's name, 6 digest, 7 token or nothing. Makes a new instance from the code of one in the trash; answers HAVE, with
 * the intent taken, or NEED when there is none that is whole.
 */
const restore = `
for trashed in store/trash/"$digest".*; do
  trashed=\${trashed##*/}
  case \${trashed#*.} in *[!0-9A-Za-z]*) continue ;; esac
  [ -d "store/trash/$trashed/tree" ] || continue
  [ -d "$staging" ] || begin "$7"
  slipway_take_tree store "$trashed" "$name" || continue
  if check "$staging"; then publish; fi
  break
done
[ ! -d "$staging" ] || discard >/dev/null 2>&1
say NEED
`;

/** 3 instance. Answers BAD for each thing that is wrong, then DONE with 0 or 1. */
const verify = `
instance=$root/store/code/$3 digest=\${3%%.*}
if [ ! -d "$instance" ] || [ -L "$instance" ]; then fail absent; fi
check "$instance"
say DONE $?
`;

/** 3 cluster's name. Goes to a store that is there. */
const visit = `
if [ ! -d "$root/store/code" ]; then ls -d "$root/store/code" >&2; fail absent; fi
cd "$root" || fail unreadable
for folder in store store/code store/trash; do [ ! -L "$folder" ] || fail symlink "$folder"; done
know_layout "$3"
`;

/** 3 instance, 4 gzip or none. Prints its manifest after the answer MANIFEST. */
const manifest = `
cd "$root/store/code/$3" && [ -f manifest ] && [ ! -L manifest ] || fail absent
say MANIFEST
case $4 in gzip) gzip -1c <manifest ;; *) cat manifest ;; esac
`;

const continuations: Readonly<Record<ContinuationName, readonly string[]>> = {
  upload: [sha, check, cleaning, making, stage, receiving, upload],
  delta: [sha, check, cleaning, making, stage, receiving, delta],
};

const parts: Readonly<Record<SnippetName, readonly string[]>> = {
  find: [prelude, needSha, layout, enter, finding, unpacking, find],
  upload: [prelude, sha, layout, enter, check, finding, cleaning, making, stage, unpacking, receiving, upload],
  manifest: [prelude, manifest],
  restore: [prelude, sha, layout, enter, check, finding, cleaning, making, stage, restore],
  steps: [prelude, layout, visit, finding, holding, cleaning, steps],
  contents: [prelude, layout, visit, contents],
  leases: [prelude, layout, visit, leases],
  leftovers: [prelude, layout, visit, leftovers],
  list: [prelude, list],
  verify: [prelude, sha, check, verify],
  examination: [prelude, sha, check, finding, examination, leftovers],
};
