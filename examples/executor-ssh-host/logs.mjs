// @ts-check
import { setTimeout as sleep } from "node:timers/promises";

import { isFinalState, quoteShell } from "@slipway/core";

import { poll } from "./poll.mjs";
import { runScript } from "./remote.mjs";

const pauseMs = 300;
const mostBytes = 1 << 20;

/**
 * @param {import("@slipway/core").JobHandle} handle
 * @param {import("@slipway/core").Transport} transport
 * @param {import("@slipway/core").LogOptions} options
 * @returns {AsyncGenerator<import("@slipway/core").LogChunk, void>}
 */
export async function* readLog(handle, transport, { attempt = 0, offset = 0, follow = false, signal }) {
  let position = { attempt, offset };
  let isOver = !follow;
  for (;;) {
    const chunk = await readChunk(handle, position, { transport, signal });
    position = { attempt: chunk.attempt, offset: chunk.offset + chunk.bytes.length };
    if (chunk.bytes.length > 0) yield chunk;
    else if (isOver) return;
    else {
      // Asked before the last look at the log: what comes after the last word is not missed.
      const status = (await poll([handle], { transport, signal })).get(handle.id);
      isOver = !status || isFinalState(status.state);
      if (!isOver) await pause(signal);
    }
  }
}

/** @param {AbortSignal | undefined} signal */
async function pause(signal) {
  await sleep(pauseMs, undefined, { signal }).catch(() => signal?.throwIfAborted());
}

/**
 * @param {import("@slipway/core").JobHandle} handle
 * @param {{ attempt: number, offset: number }} position
 * @param {{ transport: import("@slipway/core").Transport, signal: AbortSignal | undefined }} context
 */
async function readChunk({ runDir }, { attempt, offset }, { transport, signal }) {
  const script = `attempt=${attempt} offset=${offset}
if [ "$attempt" -eq 0 ]; then
  attempt=$(ls ${quoteShell(runDir)} 2>/dev/null | sed -n 's/^attempt-\\([1-9][0-9]*\\)\\.log$/\\1/p' | sort -n | tail -n 1)
  : "\${attempt:=1}"
fi
file=${quoteShell(runDir)}/attempt-$attempt.log
size=0
[ ! -f "$file" ] || size=$(($(wc -c <"$file")))
[ "$offset" -ge 0 ] || offset=$((size + offset))
[ "$offset" -ge 0 ] || offset=0
printf '%s %s\\n' "$attempt" "$offset"
count=$((size - offset))
[ "$count" -le ${mostBytes} ] || count=${mostBytes}
[ "$count" -le 0 ] || tail -c "+$((offset + 1))" "$file" | head -c "$count"
`;
  const output = await runScript(transport, script, signal);
  const end = output.indexOf("\n");
  const [counted = 1, from = 0] = output.toString("latin1", 0, end).split(" ").map(Number);
  return { attempt: counted, offset: from, bytes: output.subarray(end + 1) };
}
