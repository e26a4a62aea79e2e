import type { JobState, JobStatus, MemberStatus } from "@slipway/core";

/** Which of several states a person must know first; the lowest counts. */
const precedence: Readonly<Record<JobState, number>> = {
  running: 0,
  queued: 1,
  unknown: 2,
  failed: 3,
  timed_out: 4,
  cancelled: 5,
  succeeded: 6,
};

/** The whole of an array or a heterogeneous job: over when all its members are, and then as well as the worst of them. */
export function combineMembers(
  nativeId: string,
  members: readonly MemberStatus[],
): JobStatus & { readonly members: readonly MemberStatus[] } {
  const [worst] = members.toSorted((a, b) => precedence[a.state] - precedence[b.state]);
  if (!worst) throw new Error("A job without members cannot be combined");
  const isOver = precedence[worst.state] > precedence.unknown;
  const hasBegun = members.some(({ startedAt }) => startedAt !== undefined);
  const { state, reason, exitCode, signal, nativeState } = worst;
  const submittedAt = extreme(members, "submittedAt", "first");
  const startedAt = extreme(members, "startedAt", "first");
  const endedAt = extreme(members, "endedAt", "last");
  return {
    state: state === "queued" && hasBegun ? "running" : state,
    ...(reason !== undefined && { reason }),
    nativeId,
    ...(nativeState !== undefined && { nativeState }),
    ...(exitCode !== undefined && { exitCode }),
    ...(signal !== undefined && { signal }),
    attempt: Math.max(...members.map(({ attempt }) => attempt)),
    ...(submittedAt !== undefined && { submittedAt }),
    ...(startedAt !== undefined && { startedAt }),
    ...(isOver && endedAt !== undefined && { endedAt }),
    evidence: members.flatMap((member) =>
      member.evidence.map((each) => ({ ...each, value: `${member.name}: ${each.value}` })),
    ),
    members,
  };
}

function extreme(
  members: readonly MemberStatus[],
  key: "submittedAt" | "startedAt" | "endedAt",
  which: "first" | "last",
): string | undefined {
  const times = members.map((member) => member[key]).filter((time) => time !== undefined);
  const sorted = times.toSorted((a, b) => Date.parse(a) - Date.parse(b));
  return which === "first" ? sorted[0] : sorted.at(-1);
}
