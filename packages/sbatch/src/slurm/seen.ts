import type { Evidence } from "@slipway/core";

import type { CommandEnd } from "../evidence.ts";
import type { MemberEvidence } from "./member.ts";

/** Everything a member's state rests on, in words. */
export function listSeen({
  queueRow,
  queueIsKnown,
  accountingRows,
  wrapper,
  cancel,
  all,
}: MemberEvidence): readonly Evidence[] {
  const seen: Evidence[] = [];
  if (cancel) seen.push({ source: "cancel", at: cancel.at, value: `asked by ${cancel.by}` });
  if (wrapper) {
    const { attempt, start, end, status, unreadable } = wrapper;
    if (start) seen.push({ source: `attempt-${attempt}.start`, at: start.at, value: "started" });
    if (end)
      seen.push({ source: `attempt-${attempt}.exit`, at: end.at, value: [end.outcome, ...describe(end)].join(", ") });
    else if (status)
      seen.push({ source: `attempt-${attempt}.status`, at: all.now, value: describe(status).join(", ") });
    for (const { file, why } of unreadable) seen.push({ source: file, at: all.now, value: `${file} ${why}` });
  }
  if (all.squeue && queueIsKnown) {
    const words = queueRow
      ? [queueRow.state.word, ...(queueRow.reason === undefined ? [] : [queueRow.reason])]
      : ["not listed"];
    seen.push({ source: "squeue", at: all.squeue.at, value: words.join(" ") });
  }
  if (all.sacct) {
    const rows = accountingRows.map(({ state, exit }) => `${state.word}${exit ? ` ${exit.code}:${exit.signal}` : ""}`);
    seen.push({ source: "sacct", at: all.sacct.at, value: rows.length > 0 ? rows.join(", then ") : "no record" });
  }
  return seen;
}

function describe({ exitCode, signal, shellStatus, reason }: CommandEnd): readonly string[] {
  return [
    ...(exitCode === undefined ? [] : [`exit ${exitCode}`]),
    ...(signal === undefined ? [] : [`signal ${signal}`]),
    ...(shellStatus === undefined ? [] : [`shell status ${shellStatus} (an exit code, or 128 and a signal)`]),
    ...(reason === undefined ? [] : [reason]),
  ];
}
