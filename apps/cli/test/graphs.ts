import { expect } from "vitest";

import type { Machine } from "./slipway.ts";

export interface Part {
  readonly name: string;
  readonly array?: number;
  readonly state: string;
  readonly reason?: string;
  readonly exitCode?: number;
  readonly attempt: number;
  readonly members?: readonly Part[];
}

export interface Status {
  readonly experiment: string;
  readonly state: string;
  readonly jobs: readonly Part[];
}

/** A diamond with an array, a chain of three and a group whose server has no end of its own. */
export const graphFile = `name: graph
defaults: { time: 10m }
jobs:
  prepare: { run: "echo prepared" }
  left:
    needs: prepare
    run: 'echo "lr {lr}" >"$SLIPWAY_RUN_DIR/result"; exit {code}'
    matrix: { lr: [1, 2], code: [0] }
  right: { needs: prepare, run: "exit 3" }
  join: { needs: [left, { job: right, type: any }], run: 'cat "$SLIPWAY_RUN_DIR"/../../left/run/*/result' }
  never: { needs: right, run: "echo never" }
  chain:
    repeat: 3
    run: 'echo "$SLIPWAY_JOB" >>"$SLIPWAY_RUN_DIR/steps"; [ "$(wc -l <"$SLIPWAY_RUN_DIR/steps")" -eq 3 ]'
  after: { needs: chain, run: "echo after" }
  serve:
    group:
      server: { run: "exec sleep 600" }
      client: { run: "echo asked", ends_group: true }
`;

export const brief = ({ name, state, reason, exitCode }: Part) =>
  [name, state, reason, exitCode].filter((part) => part !== undefined).join(" ");

/** What becomes of its jobs, wherever they run. */
export const graphOutcomes = [
  "prepare succeeded 0",
  "left succeeded 0",
  "right failed 3",
  "join succeeded 0",
  "never cancelled dependency_failed",
  "chain-1 failed 1",
  "chain-2 failed 1",
  "chain-3 succeeded 0",
  "after succeeded 0",
  "serve succeeded 0",
];

/** Runs the graph, waits for it, and compares what became of each job and part, and what they wrote. */
export async function expectGraphOutcomes(m: Machine, repo: string, ...options: readonly string[]): Promise<void> {
  const { stdout, exitCode } = await m.slipway(repo, "run", ...options, "graph.yaml", "--wait", "--json");
  const run = JSON.parse(stdout) as Status;
  expect([exitCode, run.jobs.map(brief)]).toEqual([1, graphOutcomes]);
  const { jobs } = await m.json<Status>(repo, "status", "graph");
  const parts = (name: string) => jobs.find((job) => job.name === name)?.members ?? [];
  expect(parts("left").map(({ array, state }) => [array, state])).toEqual([
    [0, "succeeded"],
    [1, "succeeded"],
  ]);
  expect(parts("serve").map(({ name, state }) => [name, state])).toEqual([
    ["server", "cancelled"],
    ["client", "succeeded"],
  ]);
  expect((await m.slipway(repo, "logs", "graph/join")).stdout).toBe("lr 1\nlr 2\n");
  expect((await m.slipway(repo, "logs", "graph/serve", "--rank", "client")).stdout).toBe("asked\n");
}
