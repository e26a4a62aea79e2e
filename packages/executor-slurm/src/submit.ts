import { randomBytes } from "node:crypto";

import type { ExperimentRecord, JobHandle, JobPlan, Transport } from "@slipway/core";

import type { ClusterPlace, ClusterSettings } from "./cluster-settings.ts";
import { orderPlans } from "./order.ts";
import type { Memory } from "./remembered.ts";
import { runScript } from "./remote.ts";
import type { Answer } from "./remote.ts";
import { sharedTextFile } from "./shared-text.ts";
import { submitFailure } from "./submit-failure.ts";
import { renderSubmitScript, sharedTextsOf } from "./submit-script.ts";

export interface SubmitContext extends ClusterPlace {
  readonly transport: Transport;
  readonly cluster: ClusterSettings;
  /** Slurm's ClusterName. */
  readonly clusterName: string;
  readonly memory: Memory;
  readonly record?: ExperimentRecord | undefined;
  /** What has not begun is cancelled, in place of being let go. */
  readonly takesBack?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Submits all jobs, or none, in one command. Under tokens that were submitted before, nothing is submitted twice. */
export async function submitPlans(plans: readonly JobPlan[], context: SubmitContext): Promise<readonly JobHandle[]> {
  const { transport, jobDir, cluster, clusterName, memory, record, takesBack, signal } = context;
  signal?.throwIfAborted();
  const ordered = orderPlans(plans);
  if (ordered.length === 0) return [];
  const nonce = randomBytes(8).toString("hex");
  const render = (sendsShared: boolean) =>
    renderSubmitScript({
      jobDir,
      clusterName,
      nonce,
      settings: cluster,
      plans: ordered,
      sendsShared,
      record,
      takesBack,
    });
  const known = (await memory.read()).texts ?? [];
  const shared = sharedTextsOf(ordered);
  const areKnown = shared.every(({ sha256 }) => known.includes(sha256));
  const run = (sendsShared: boolean) =>
    runScript(transport, render(sendsShared), { signal, calls: { jobDir, summed: shared.map(sharedTextFile) } });
  let answer = await run(!areKnown);
  if (areKnown && isMissingText(answer)) answer = await run(true);
  const failure = submitFailure(answer, { plans: ordered, place: context });
  if (failure) throw failure;
  if (!areKnown) await memory.update({ texts: shared.map(({ sha256 }) => sha256) });
  const ids = readIds(answer);
  const handleOf = new Map(
    ordered.map((plan, number) => {
      const id = ids.get(number);
      if (id === undefined) throw new Error(`The submission did not tell the id of ${plan.token}`);
      return [plan, toHandle(plan, `${clusterName}.${id}`)] as const;
    }),
  );
  return plans.map((plan) => handleOf.get(plan) ?? toHandle(plan, ""));
}

function toHandle({ experiment, job, runDir }: JobPlan, id: string): JobHandle {
  return { id, experiment, job: job.name, runDir };
}

function readIds({ sections }: Answer): ReadonlyMap<number, string> {
  const ids = new Map<number, string>();
  for (const { word, rest } of sections) {
    const [, number, id] = /^(\d+) ([1-9]\d*)$/.exec(word === "JOB" ? rest : "") ?? [];
    if (number !== undefined && id !== undefined) ids.set(Number(number), id);
  }
  return ids;
}

function isMissingText({ sections }: Answer): boolean {
  return sections.some(({ word, rest }) => word === "FAIL" && rest === "text");
}
