/**
 * 3 `deep` or nothing. Looks at all there is without a process for each instance; deep compares each with its manifest. Answers
 * WRONG <path> <what> for what is not as a store has it, LAYOUT <its text>, STRANGER <path> for names that are nobody's, INSTANCE <name>
 * open|closed <leases> <manifest's first line> for each, followed by BAD for what is wrong with it; then what `leftovers` says.
 */
export const examination = `
if [ ! -d "$root/store" ] || [ -L "$root/store" ]; then ls -d "$root/store" >&2; [ ! -L "$root/store" ] || fail symlink store; fail absent; fi
cd "$root/store" 2>/dev/null && ls . >/dev/null || fail unreadable
deep=$3
for folder in code trash; do
  if [ -L "$folder" ]; then fail symlink "store/$folder"; fi
  [ -d "$folder" ] || say WRONG "$folder" missing
done
if [ -f layout.json ] && [ ! -L layout.json ]; then IFS= read -r layout <layout.json; say LAYOUT "$layout"; else say WRONG layout.json missing; fi
is_there() { [ -e "$1" ] || [ -L "$1" ]; }
for each in * .[!.]*; do
  is_there "$each" || continue
  case $each in layout.json | links.json | code | trash | cleaned) ;; *) say STRANGER "$each" ;; esac
done
for each in trash/* trash/.[!.]* code/.[!.]*; do
  is_there "$each" || continue
  case $each in
  trash/.del-* | code/.in-*) ;;
  trash/*[!0-9A-Za-z./]* | code/.*) say STRANGER "$each" ;;
  trash/*.*) [ -d "$each" ] && [ ! -L "$each" ] || say STRANGER "$each" ;;
  *) say STRANGER "$each" ;;
  esac
done
look_at() {
  if [ ! -f "$1/manifest" ] || [ -L "$1/manifest" ]; then say BAD no-manifest; return; fi
  slipway_is_folder "$1/tree" || say BAD no-tree
  case $header in "slipway-manifest 1 files="*) ;; *) say BAD other-manifest ;; esac
}
for each in code/*; do
  is_there "$each" || continue
  name=\${each#code/} header= state=closed slipway_total=0
  digest=\${name%%.*}
  case $name in *[!0-9A-Za-z.]* | *.*.* | .*) say STRANGER "$each"; continue ;; *.*) ;; *) say STRANGER "$each"; continue ;; esac
  slipway_is_folder "$each" && [ "\${#digest}" -eq 64 ] || { say STRANGER "$each"; continue; }
  if slipway_is_folder "$each/L"; then state=open; slipway_count "$each/L"; fi
  if [ -f "$each/manifest" ] && [ ! -L "$each/manifest" ]; then IFS= read -r header <"$each/manifest"; fi
  say INSTANCE "$name" "$state" "$slipway_total" "$header"
  if [ -z "$deep" ]; then look_at "$each"
  elif ! slipway_is_folder "$each/tree"; then look_at "$each"
  else check "$each" </dev/null
  fi
done
cd ..
`;
