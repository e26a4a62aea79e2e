import assert from "node:assert/strict";

import type { JobHandle } from "@slipway/core";

import { waitsForSignal } from "./commands.ts";
import { ending } from "./ending.ts";
import type { TrialCase } from "./trial.ts";

/** Many jobs, and the same job more than once. */
export const togetherCases: readonly TrialCase[] = [
  {
    name: "runs one job under one token, however often it is submitted",
    async check(trial) {
      const plans = ["a", "b"].map((name) =>
        trial.plan({ name, sh: 'echo ran >>"$SLIPWAY_RUN_DIR/count"; cat "$SLIPWAY_RUN_DIR/count"' }),
      );
      const [first, second] = await Promise.all([trial.executor.submit(plans), trial.executor.submit(plans)]);
      await Promise.all(first.map(trial.end));
      const third = await trial.executor.submit(plans);
      assert.deepEqual([second, third], [first, first]);
      assert.deepEqual((await Promise.all(first.map((handle) => trial.log(handle)))).map(String), ["ran\n", "ran\n"]);
    },
  },
  {
    name: "answers for many jobs in one poll",
    async check(trial) {
      const handles = await trial.submit(
        ...Array.from({ length: 20 }, (_, index) => ({ name: `job-${index}`, sh: `exit ${index}` })),
      );
      await Promise.all(handles.map(trial.end));
      const statuses = await trial.executor.poll(handles);
      assert.deepEqual(
        handles.map(({ id }) => statuses.get(id)?.exitCode),
        handles.map((_, index) => index),
      );
    },
  },
  {
    name: "never calls a job final that it does not know",
    async check(trial) {
      const { handle } = await trial.run({});
      const nobody: JobHandle = { ...handle, id: `${handle.id}0`, job: "nobody", runDir: `${handle.runDir}-nobody` };
      assert.equal((await trial.status(nobody))?.state ?? "unknown", "unknown");
    },
  },
  {
    name: "submits nothing once it is aborted",
    async check(trial) {
      const reason = new Error("no more");
      const plan = trial.plan({});
      await assert.rejects(trial.executor.submit([plan], { signal: AbortSignal.abort(reason) }), reason);
      if (plan.handle) assert.equal((await trial.status(plan.handle))?.startedAt, undefined);
    },
  },
  {
    name: "starts a job when its dependencies have ended as it wishes",
    async check(trial) {
      const handles = await trial.submit(
        { name: "good", sh: "sleep 1" },
        { name: "bad", sh: "exit 1" },
        { name: "ok", needs: [{ job: "good", type: "ok" }] },
        { name: "notok", needs: [{ job: "bad", type: "notok" }] },
        { name: "any-good", needs: [{ job: "good", type: "any" }] },
        { name: "any-bad", needs: [{ job: "bad", type: "any" }] },
        {
          name: "both",
          needs: [
            { job: "good", type: "ok" },
            { job: "bad", type: "notok" },
          ],
        },
      );
      const [good, bad, ...dependents] = await Promise.all(handles.map(trial.end));
      assert.deepEqual([good?.state, bad?.state], ["succeeded", "failed"]);
      assert.deepEqual(
        dependents.map(({ state }) => state),
        dependents.map(() => "succeeded"),
      );
      for (const [index, first] of [good, bad, good, bad, good].entries()) {
        assert.ok(
          (first?.endedAt ?? "") <= (dependents[index]?.startedAt ?? ""),
          "started before its dependency had ended",
        );
      }
    },
  },
  {
    name: "ends a job whose dependency can never be met, without starting it, and those that wait for it",
    async check(trial) {
      const handles = await trial.submit(
        { name: "good" },
        { name: "bad", sh: "exit 1" },
        { name: "ok", needs: [{ job: "bad", type: "ok" }] },
        { name: "notok", needs: [{ job: "good", type: "notok" }] },
        { name: "after", needs: [{ job: "ok", type: "ok" }] },
      );
      const [, , ...never] = await Promise.all(handles.map(trial.end));
      assert.deepEqual(
        never.map(({ state, reason, startedAt }) => ({ state, reason, startedAt })),
        never.map(() => ({ state: "cancelled", reason: "dependency_failed", startedAt: undefined })),
      );
    },
  },
  {
    name: "cancels a job that waits for another, which goes on",
    async check(trial) {
      const [first, second] = await trial.submit(
        { name: "first", sh: waitsForSignal("USR1", "second") },
        { name: "second", needs: [{ job: "first", type: "ok" }] },
      );
      assert.ok(first && second);
      for await (const _ of trial.executor.logs(first, { follow: true })) break; // It runs, and its trap is set.
      assert.equal((await trial.status(second))?.state, "queued");
      await trial.executor.cancel([second]);
      const { state, startedAt } = await trial.end(second);
      assert.deepEqual({ state, startedAt }, { state: "cancelled", startedAt: undefined });
      assert.equal((await trial.status(first))?.state, "running");
      await trial.executor.cancel([first], { signalName: "USR1" });
      assert.deepEqual(ending(await trial.end(first)), { state: "succeeded", exitCode: 0, signal: undefined });
    },
  },
];
