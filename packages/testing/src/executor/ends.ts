import assert from "node:assert/strict";

import { waitsForSignal } from "./commands.ts";
import { ending } from "./ending.ts";
import type { TrialCase } from "./trial.ts";

/** How jobs end, and what is told of it. */
export const endsCases: readonly TrialCase[] = [
  {
    name: "tells success with its exit code, its times and what it rests on",
    async check(trial) {
      const { status } = await trial.run({ sh: "exit 0" });
      assert.deepEqual(ending(status), { state: "succeeded", exitCode: 0, signal: undefined });
      assert.equal(status.attempt, 1);
      assert.ok(status.evidence.length > 0, "a state without evidence");
      assert.ok((status.startedAt ?? "") <= (status.endedAt ?? ""), "ended before it started");
    },
  },
  {
    name: "tells the exit code of a failure",
    async check(trial) {
      const { status } = await trial.run({ sh: "exit 3" });
      assert.deepEqual(ending(status), { state: "failed", exitCode: 3, signal: undefined });
    },
  },
  {
    name: "tells the signal that ended the command",
    async check(trial) {
      const { status } = await trial.run({ sh: "kill -s TERM $$" });
      assert.deepEqual(ending(status), { state: "failed", exitCode: undefined, signal: 15 });
    },
  },
  {
    name: "tells exit code 137 and signal 9 apart",
    async check(trial) {
      const handles = await trial.submit({ name: "exit", sh: "exit 137" }, { name: "signal", sh: "kill -s KILL $$" });
      assert.deepEqual((await Promise.all(handles.map(trial.end))).map(ending), [
        { state: "failed", exitCode: 137, signal: undefined },
        { state: "failed", exitCode: undefined, signal: 9 },
      ]);
    },
  },
  {
    name: "cancels a running job, however its command takes it",
    async check(trial) {
      const [handle] = await trial.submit({ sh: waitsForSignal("TERM", "told") });
      assert.ok(handle);
      await trial.until(handle, "running", ({ state }) => state === "running");
      for await (const _ of trial.executor.logs(handle, { follow: true })) break; // Its trap is set.
      await trial.executor.cancel([handle]);
      assert.equal((await trial.end(handle)).state, "cancelled");
      assert.equal((await trial.log(handle)).toString(), "first\ntold\n");
    },
  },
  {
    name: "leaves a job that has ended as it is when it is cancelled",
    async check(trial) {
      const { handle, status } = await trial.run({ sh: "exit 4" });
      await trial.executor.cancel([handle]);
      assert.deepEqual(ending((await trial.status(handle)) ?? status), ending(status));
    },
  },
];
