import { quoteShell } from "@slipway/core";

export interface LogScriptOptions {
  readonly runDir: string;
  /** The handle's: which try of the run directory is meant. */
  readonly id: string;
  /** What the names of the member's files begin with: `array-3.`. */
  readonly prefix: string;
  /** A task's or a member's own log: `.rank-3`; empty for the whole. */
  readonly part: string;
  /** `log`, or `err` for standard error alone. */
  readonly ending: "log" | "err";
  /** 0 for the last one. */
  readonly attempt: number;
  /** Whether to go on to the next attempt. */
  readonly advances: boolean;
  /** Negative counts from the end. */
  readonly offset: number;
  readonly follow: boolean;
  /** An attempt whose end is known already: wait for the next. 0 for none. */
  readonly endedAttempt: number;
}

/** How much one command sends at most, so that a slow reader holds no more in memory. */
export const mostBytes = 4 << 20;

/**
 * Prints what an attempt's log has from an offset on, as BYTES ATTEMPT OFFSET LENGTH and the bytes; while it follows, also what comes, until the
 * attempt's end is recorded or some seconds are over. Then MORE or DONE, with ATTEMPT OFFSET and, for an attempt that has ended, `ended`.
 */
export function renderLogScript(options: LogScriptOptions): string {
  const { runDir, id, prefix, part, ending, attempt, advances, offset, follow, endedAttempt } = options;
  return `dir=${quoteShell(runDir)} id=${quoteShell(id)} prefix=${quoteShell(prefix)} part=${quoteShell(`${part}.${ending}`)} attempt=${attempt} advances=${advances ? "yes" : ""}
offset=${offset} follow=${follow ? "yes" : ""} known=${endedAttempt} most=${mostBytes}
${steps}`;
}

const steps = `
[ -d "$dir" ] || { say GONE; exit; }
# The value of KEY in a record: KEY FILE.
field() { [ ! -f "$2" ] || sed -n "s/^$1=//p" "$2"; }
# Attempts of other tries are another job's: those from first to final count.
first=1 final=999999999 own=''
for file in "$dir"/commit "$dir"/try-*.commit; do
  [ "$(field job "$file")" != "$id" ] || own=$(field token "$file")
done
for file in "$dir"/submission "$dir"/try-*/submission; do
  begin=$(field first_attempt "$file") token=$(field token "$file")
  case $begin in '' | *[!0-9]*) continue ;; esac
  [ -n "$own" ] || own=$token
  if [ "$token" = "$own" ]; then first=$begin
  elif [ "\${token##*.}" -gt "\${own##*.}" ] 2>/dev/null && [ "$begin" -le "$final" ]; then final=$((begin - 1)); fi
done
find_last() {
  last=0
  for file in "$dir/$prefix"attempt-*.log; do
    number=\${file##*attempt-} number=\${number%.log}
    case $number in '' | *[!0-9]*) continue ;; esac
    [ -f "$file" ] && [ "$number" -gt "$last" ] && [ "$number" -ge "$first" ] && [ "$number" -le "$final" ] && last=$number
  done
}
nap() { sleep 0.3 2>/dev/null || sleep 1; }
sent=0 naps=0
if [ "$attempt" -eq 0 ]; then find_last; attempt=$last; fi
while :; do
  file=$dir/\${prefix}attempt-$attempt ended=''
  if [ "$attempt" -gt 0 ] && [ -f "$file$part" ]; then
    [ ! -e "$file.exit" ] || ended=ended # Looked at before the size: then nothing is missed.
    size=$(wc -c <"$file$part")
    [ "$offset" -ge 0 ] || { offset=$((size + offset)); [ "$offset" -ge 0 ] || offset=0; }
    count=$((size - offset))
    if [ "$count" -gt 0 ]; then
      [ "$count" -le $((most - sent)) ] || count=$((most - sent))
      say BYTES "$attempt" "$offset" "$count"
      tail -c "+$((offset + 1))" "$file$part" | head -c "$count"
      offset=$((offset + count)) sent=$((sent + count))
      [ "$sent" -lt "$most" ] || { say MORE "$attempt" "$offset"; exit; }
      continue
    fi
  fi
  if [ -n "$advances" ]; then
    find_last
    if [ "$last" -gt "$attempt" ]; then
      [ "$attempt" -eq 0 ] || offset=0
      attempt=$last
      continue
    fi
  fi
  if [ -z "$follow" ] || { [ -n "$ended" ] && [ "$attempt" -ne "$known" ]; }; then break; fi
  naps=$((naps + 1))
  patience=60
  [ "$attempt" -gt 0 ] || patience=15
  [ -z "$ended" ] || patience=3 # The state will be final in a moment, or the next attempt waits in the queue.
  [ "$naps" -le "$patience" ] || break
  nap
done
say DONE "$attempt" "$offset" "$ended"
`;
