import { rm } from "node:fs/promises";
import path from "node:path";
import { gunzipSync } from "node:zlib";

import type { JobHandle, JobStatus, Transport } from "@slipway/core";
import { createSlurmExecutor } from "@slipway/executor-slurm";
import type { SlurmExecutorEvent } from "@slipway/executor-slurm";
import { eventually, fakeClock, temporaryDirectory } from "@slipway/testing";
import { describe, expect, test } from "vitest";

import { isSupported, ownTestbed } from "./testbed.ts";

describe.runIf(isSupported)("asking about jobs", () => {
  const open = ownTestbed({ nodes: 4, cpusPerNode: 64 });

  test("of an array of 1,000 takes one command and little text", async () => {
    const answers: number[] = [];
    await using fixture = await open({ transport: (inner) => countingAnswers(inner, answers) });
    const handle = await fixture.start({
      array: { indices: Array.from({ length: 1000 }, (_, index) => index) },
      sbatch: { begin: "now+1hour" },
    });
    answers.length = 0;
    const status = await fixture.status(handle);
    expect(answers.length).toBe(1);
    expect(answers[0]).toBeLessThan(60 * 1000);
    expect(membersOf(status)).toHaveLength(1000);
    await fixture.executor.cancel([handle]);
    expect(await fixture.end(handle)).toMatchObject({ state: "cancelled" });
  });

  test("of 100 jobs takes one command, and two questions to Slurm at most", async () => {
    const answers: number[] = [];
    await using fixture = await open({ transport: (inner) => countingAnswers(inner, answers) });
    const names = Array.from({ length: 100 }, (_, index) => `job-${index}`);
    const handles = await fixture.executor.submit(names.map((name) => fixture.plan({ name })));
    await eventually(
      "their end",
      async () => {
        const statuses = await fixture.executor.poll(handles);
        return [...statuses.values()].every(({ state }) => state === "succeeded");
      },
      60_000,
    );
    answers.length = 0;
    const statuses = await fixture.executor.poll(handles);
    expect([answers.length, statuses.size]).toEqual([1, 100]);
    expect(answers[0]).toBeLessThan(60 * 100);
  }, 120_000);

  test("is not repeated within the site's floor, by any terminal of the user", async () => {
    await using folder = await temporaryDirectory();
    await using fixture = await open();
    const questions: string[] = [];
    const clock = fakeClock(new Date());
    const terminal = () =>
      createSlurmExecutor({
        transport: notingScripts(fixture.transport, questions),
        jobDir: fixture.jobDir,
        cluster: { name: "testbed", pollMinimumSeconds: 15 },
        cacheDirectory: path.join(folder.path, "cache"),
        clock,
      });
    const handle = await fixture.start({ sbatch: { begin: "now+3" } });
    expect((await terminal().poll([handle])).get(handle.id)?.state).toBe("queued");
    await eventually("its end", async () => (await fixture.status(handle))?.state === "succeeded");
    clock.advance(14_000);
    // Its own files are read all the same.
    expect((await terminal().poll([handle])).get(handle.id)?.state).toBe("running");
    clock.advance(2_000);
    expect((await terminal().poll([handle])).get(handle.id)?.state).toBe("succeeded");
    expect(questions).toEqual(["squeue", "", "squeue"]);
  });

  test("knows a job that was just submitted, within the floor", async () => {
    await using fixture = await open({ cluster: { pollMinimumSeconds: 60 } });
    const first = await fixture.start({ name: "first", sbatch: { begin: "now+1hour" } });
    expect((await fixture.status(first))?.state).toBe("queued");
    const second = await fixture.start({ name: "second", sbatch: { begin: "now+1hour" } });
    expect((await fixture.status(second))?.state).toBe("queued");
    await fixture.executor.cancel([first, second]);
    expect((await fixture.status(first))?.state).toBe("cancelled");
  });

  test("tells what is known when the controller does not answer, and says that it does not", async () => {
    await using fixture = await open();
    const events: SlurmExecutorEvent[] = [];
    const onEvent = (event: SlurmExecutorEvent) => events.push(event);
    const cluster = { name: "testbed", pollMinimumSeconds: 0 };
    const executor = createSlurmExecutor({ transport: fixture.transport, jobDir: fixture.jobDir, cluster, onEvent });
    const good = await fixture.start({ name: "good" });
    const waiting = await fixture.start({ name: "waiting", sbatch: { begin: "now+1hour" } });
    await fixture.end(good);
    await open.testbed().stopController();
    const statuses = await executor.poll([good, waiting]);
    expect(statuses.get(good.id)).toMatchObject({ state: "succeeded" });
    const notFinal = ["queued", "unknown"]; // Accounting answers, and may know of it already.
    expect(notFinal).toContain(statuses.get(waiting.id)?.state);
    const again = await executor.poll([good, waiting]); // It is pinged first now.
    expect(notFinal).toContain(again.get(waiting.id)?.state);
    expect(events.map(({ type }) => type)).toEqual(["executor-slurm.silent", "executor-slurm.silent"]);
    await open.testbed().startController();
    expect((await executor.poll([waiting])).get(waiting.id)?.state).toBe("queued");
    await executor.cancel([waiting]);
  }, 90_000);

  test("tells a job whose run directory is gone by Slurm's word, and omits it when that is forgotten too", async () => {
    await using fixture = await open();
    const handle = await fixture.start({ sbatch: { begin: "now+1hour" } });
    await rm(handle.runDir, { recursive: true });
    expect((await fixture.status(handle))?.state).toBe("queued");
    await fixture.executor.cancel([handle]);
    await fixture.end(handle);
    const nobody: JobHandle = { ...handle, id: `${open.testbed().clusterName}.999999` };
    expect(await fixture.executor.poll([nobody])).toEqual(new Map());
  });

  test("omits a job of another cluster that has the same number", async () => {
    await using fixture = await open();
    const handle = await fixture.start({});
    const other: JobHandle = { ...handle, id: `elsewhere.${numberOf(handle)}` };
    expect([...(await fixture.executor.poll([handle, other])).keys()]).toEqual([handle.id]);
    await fixture.executor.cancel([other]);
    expect((await fixture.end(handle)).state).toBe("succeeded");
  });
});

function numberOf({ id }: JobHandle): string {
  return id.slice(id.lastIndexOf(".") + 1);
}

function membersOf(status: JobStatus | undefined): readonly JobStatus[] {
  return (status as { readonly members?: readonly JobStatus[] } | undefined)?.members ?? [];
}

/** Notes the bytes of each answer. */
function countingAnswers(inner: Transport, answers: number[]): Transport {
  return {
    host: inner.host,
    async exec(argv, options) {
      const result = await inner.exec(argv, options);
      answers.push(result.stdout.length);
      return result;
    },
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
}

/** Notes which questions to Slurm each script holds. */
function notingScripts(inner: Transport, questions: string[]): Transport {
  return {
    host: inner.host,
    exec(argv, options) {
      const { stdin } = options ?? {};
      const script = stdin instanceof Uint8Array ? gunzipSync(stdin).toString() : "";
      questions.push(["squeue", "scontrol show config"].filter((word) => script.includes(`${word} `)).join(" "));
      return inner.exec(argv, options);
    },
    [Symbol.asyncDispose]: async () => {},
  };
}
