import type { Clock, Transport } from "@slipway/core";

import { learnFacts } from "./facts.ts";
import type { ClusterFacts } from "./facts.ts";
import type { Memory } from "./remembered.ts";

export interface Knowledge {
  /** Asked once, and again after a day. */
  facts(signal: AbortSignal | undefined): Promise<ClusterFacts>;
  /** What is known without asking: by this process, or another one lately. */
  readonly known: () => ClusterFacts | undefined;
}

export interface KnowledgeOptions {
  readonly transport: Transport;
  readonly jobDir: string;
  readonly memory: Memory;
  readonly clock: Clock;
}

const validMs = 24 * 3600_000;

/** What the cluster says of itself, which changes rarely. */
export function openKnowledge({ transport, jobDir, memory, clock }: KnowledgeOptions): Knowledge {
  let known: ClusterFacts | undefined;
  let asking: Promise<ClusterFacts> | undefined;

  async function find(signal: AbortSignal | undefined): Promise<ClusterFacts> {
    const { facts, factsAskedAtMs = 0 } = await memory.read();
    const nowMs = clock.now().getTime();
    if (facts && factsAskedAtMs <= nowMs && nowMs - factsAskedAtMs < validMs) return facts;
    const learned = await learnFacts(transport, { jobDir, signal });
    await memory.update({ facts: learned, factsAskedAtMs: nowMs, hasAccounting: learned.hasAccounting });
    return learned;
  }

  return {
    known: () => known ?? memory.known().facts,
    async facts(signal) {
      asking ??= find(signal).finally(() => {
        asking = undefined;
      });
      return (known ??= await asking);
    },
  };
}
