/**
 * check FOLDER compares an instance with its manifest, whose digest is $digest; says BAD for what is wrong and fails.
 * Kinds and modes are counted (one walk), then contents hashed. \`openssl\` uses the processor's own instructions and is several times as
 * fast as GNU's \`sha256sum\`: its word counts where it is exactly what the manifest says, else each file is looked at again by \`sha\`.
 * Names with a backslash in the manifest have characters that these tools read differently, so these files are hashed one by one.
 */
export const check = `
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
listed() { sed -n -e "/\\\\\\\\/d" -e "s/^file [0-7]* [0-9]* \\([0-9a-f]*\\) /\\1  tree\\//p" manifest; }
good_lines() { listed | sed -n "$1" | sha -c 2>/dev/null | grep -c ": OK$"; }
agrees() {
  expected=$(sed -n -e "$1" -e "s,^file [0-7]* [0-9]* \\([0-9a-f]*\\) \\([^\\\\]*\\)$,\\1 *tree/\\2,p" -e "$2" manifest)
  said=$(sed -n -e "$1" -e "/^file [^\\\\]*$/{" -e "s,^file [0-7]* [0-9]* [0-9a-f]* ,tree/," -e "s,[^0-9A-Za-z_./-],\\\\\\\\&,g" -e p -e "}" -e "$2" manifest |
    xargs openssl dgst -sha256 -r 2>/dev/null)
  if [ -z "$expected" ] || [ "$said" = "$expected" ]; then echo 1; fi
}
check_quickly() {
  command -v openssl >/dev/null 2>&1 && command -v xargs >/dev/null 2>&1 || return 1
  agreeing=0
  for n in $(agrees n ";" & agrees ";" n; wait); do agreeing=$((agreeing + n)); done
  [ "$agreeing" -eq 2 ]
}
check_plain() {
  [ "$plain" -gt 0 ] || return 0
  if check_quickly; then return 0; fi
  good=0
  for n in $(good_lines "p;n;n;n" & good_lines "n;p;n;n" & good_lines "n;n;p;n" & good_lines "n;n;n;p"; wait); do good=$((good + n)); done
  [ "$good" -ne "$plain" ] || return 0
  bad=1
  listed | sha -c 2>/dev/null | grep -v ": OK$" | head -n 10 | while IFS= read -r name; do wrong content "\${name%: FAILED*}"; done
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
