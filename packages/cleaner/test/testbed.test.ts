import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { applyCleaning, defaultPolicy, planCleaning, takeInventory } from "@slipway/cleaner";
import { isSlipwayError } from "@slipway/core";
import type { Bundle, Executor, JobHandle } from "@slipway/core";
import { createSlurmExecutor } from "@slipway/executor-slurm";
import { packBundle } from "@slipway/packager";
import { eventually, gitRepository, temporaryDirectory } from "@slipway/testing";
import { startTestbed, testbedSupport } from "@slipway/testing/testbed";
import type { Testbed } from "@slipway/testing/testbed";
import { openLocalTransport } from "@slipway/transport-local";
import { describe, expect, test } from "vitest";

const support = await testbedSupport();
if (!support.available) process.stderr.write(`Tests on a Slurm testbed are skipped: ${support.why}\n`);

/** `SLIPWAY_CLEANER_JOBS=200 vitest run packages/cleaner/test/testbed` for a long one. */
const jobCount = Number(process.env["SLIPWAY_CLEANER_JOBS"] ?? 20);
const limitMs = 180_000 + jobCount * 3_000;
const searchPath = process.env["PATH"] ?? "/usr/bin:/bin";
/** Each the code of two jobs, of which one comes much later. */
const letters = Array.from({ length: Math.ceil(jobCount / 2) }, (_, index) => `code ${index}`);

/** Wants nothing: whatever may go, goes at once. */
const graces = { maxAgeSeconds: 0, staleSeconds: 0, trashSeconds: 0, deletingSeconds: 0 };
const policy = { ...defaultPolicy, ...graces, keepLast: 0 };

describe.runIf(support.available)("cleaners in a loop beside jobs of a real cluster", () => {
  test(
    "never take what one of them needs, and leave nothing when all are forgotten",
    { timeout: limitMs * 2 },
    async () => {
      await using testbed = await startTestbed({ nodes: 2, accounting: false });
      await using folder = await temporaryDirectory();
      const env = { ...testbed.env, PATH: searchPath, HOME: path.join(folder.path, "home"), USER: "ada" };
      await using transport = openLocalTransport({ env });
      const jobDir = path.join(folder.path, "jobs");
      const cluster = { name: "testbed", pollMinimumSeconds: 0 };
      const executor = createSlurmExecutor({ transport, jobDir, cluster });
      const bundles = new Map<string, Bundle>();
      for (const letter of letters) {
        const files = { "which.txt": `${letter}\n`, "deep/er/which.txt": `${letter}\n` };
        const repository = await gitRepository(path.join(folder.path, "repositories", letter), { files });
        bundles.set(letter, await packBundle({ cwd: repository.path, env: { PATH: searchPath } }));
      }
      const clean = async () => {
        const inventory = await takeInventory({ transport, jobDir, scheduler: "slurm" });
        const plan = planCleaning({ inventory, policy, experiments: [] });
        return (await applyCleaning({ transport, inventory, plan })).removed.length;
      };

      const isOver = new AbortController();
      const loops = [clean, clean].map((each) => cleanUntil(each, isOver.signal));
      const faults = [stopAndStart(testbed, isOver.signal), stageUntil([...bundles.values()], executor, isOver.signal)];
      const lives = await inParallel(
        4,
        Array.from({ length: jobCount }, (_, index) => () => live(index, { executor, bundles, testbed })),
      );
      isOver.abort();
      const cleanings = (await Promise.all(loops)).reduce((sum, each) => sum + each, 0);
      await Promise.all(faults);

      const outcomes = await Promise.all(lives.map(outcomeOf));
      expect(outcomes.filter(({ isRight }) => !isRight)).toEqual([]);
      expect(cleanings).toBeGreaterThan(0);
      const store = path.join(jobDir, "store");
      await eventually(
        "nothing to be left",
        async () => {
          await clean();
          return (
            [...(await readdir(path.join(store, "code"))), ...(await readdir(path.join(store, "trash")))].length === 0
          );
        },
        limitMs,
      );
    },
  );
});

/** How many things went. A cluster that does not answer is no reason to stop. */
async function cleanUntil(clean: () => Promise<number>, signal: AbortSignal): Promise<number> {
  let removed = 0;
  while (!signal.aborted) removed += await clean();
  return removed;
}

/** Code that nobody leases, for cleaners to close while others are about to take it up. */
async function stageUntil(bundles: readonly Bundle[], executor: Executor, signal: AbortSignal): Promise<void> {
  for (let index = 0; !signal.aborted; index = (index + 7) % bundles.length) {
    const bundle = bundles[index];
    if (bundle) await patiently(() => executor.stage(bundle));
  }
}

async function stopAndStart(testbed: Testbed, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await testbed.stopController();
    await sleep(500);
    await testbed.startController();
    await sleep(4_000, undefined, { signal }).catch(() => {}); // All jobs are over.
  }
}

interface Scene {
  readonly executor: Executor;
  readonly bundles: ReadonlyMap<string, Bundle>;
  readonly testbed: Testbed;
}

interface Life {
  readonly letter: string;
  readonly kind: (typeof kinds)[number];
  readonly handles: readonly JobHandle[];
}

const kinds = ["plain", "held", "requeued", "requeued after its end", "chained", "cancelled"] as const;

/** One experiment, from staging to its jobs' ends. */
async function live(index: number, { executor, bundles, testbed }: Scene): Promise<Life> {
  const letter = letters[index % letters.length] ?? "";
  const kind = kinds[index % kinds.length] ?? "plain";
  const bundle = bundles.get(letter);
  if (!bundle) throw new Error(letter);
  const code = await patiently(() => executor.stage(bundle));
  const command = { kind: "argv", argv: ["sh", "-c", "cat which.txt; sleep 1; cat deep/er/which.txt"] } as const;
  const names = kind === "chained" ? ["first", "second"] : ["only"];
  const plans = names.map((name, position) => {
    const needs = position === 0 ? [] : [{ job: "first", type: "ok" } as const];
    const job = { name, command, resources: { timeLimitSeconds: 60 }, env: {}, needs };
    return executor.plan(job, { experiment: `e-${index}`, code, secrets: {}, comments: [], tryNumber: 1 });
  });
  const handles = await patiently(() => executor.submit(plans));
  const id = handles[0]?.id.split(".").at(-1) ?? "";
  const scontrol = (...argv: readonly string[]) => testbed.slurm("scontrol", ...argv);
  /** No part of it waits or runs; Slurm may remember it. */
  const isOver = async () => {
    const active = "PENDING,RUNNING,SUSPENDED,COMPLETING,CONFIGURING";
    const { exitCode, stdout } = await testbed.slurm("squeue", "-h", "-t", active, "-o", "%F");
    const listed = new Set(stdout.split("\n"));
    return exitCode === 0 && !handles.some((handle) => listed.has(handle.id.split(".").at(-1) ?? ""));
  };
  const ended = () => untilTrue(`the end of e-${index}`, isOver);
  switch (kind) {
    case "held":
      if ((await scontrol("hold", id)).exitCode === 0) {
        await sleep(1_500);
        await untilTrue(`release of ${id}`, async () => (await scontrol("release", id)).exitCode === 0 || isOver());
      }
      break;
    case "requeued":
      if ((await scontrol("requeue", id)).exitCode === 0) await hurry(id, { scontrol, isOver });
      break;
    case "requeued after its end":
      await ended();
      if ((await scontrol("requeue", id)).exitCode === 0) await hurry(id, { scontrol, isOver });
      break;
    case "cancelled":
      await patiently(() => executor.cancel(handles));
      break;
    case "plain":
    case "chained":
  }
  await ended();
  return { letter, kind, handles };
}

interface Controls {
  readonly scontrol: (...argv: readonly string[]) => Promise<{ readonly exitCode: number | null }>;
  readonly isOver: () => Promise<boolean>;
}

/** A job that was requeued waits for two minutes by itself. */
async function hurry(id: string, { scontrol, isOver }: Controls): Promise<void> {
  await untilTrue(`an end of ${id}`, async () => {
    await scontrol("update", `JobId=${id}`, "StartTime=now");
    await sleep(300);
    return isOver();
  });
}

function untilTrue(what: string, ask: () => Promise<boolean>): Promise<true> {
  return eventually(what, async () => (await ask()) || undefined, limitMs);
}

/** While the controller is down its tools fail; what was asked before is found again. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  return eventually(
    "the controller to be up",
    async () => {
      try {
        return { answer: await ask() };
      } catch (error) {
        if (isSlipwayError(error) && error.code === "EXECUTOR_SLURM_UNREACHABLE") return undefined;
        throw error;
      }
    },
    120_000,
  ).then(({ answer }) => answer);
}

/** What shells say when a signal comes, and the wrapper when one comes while it looks at the code, is not about the code. */
function withoutSignals(log: string): string {
  if (!log.includes("Terminated\n")) return log;
  return log
    .split("\n")
    .filter((line) => line.startsWith("code "))
    .map((line) => `${line}\n`)
    .join("");
}

/** Every attempt ran the right code, as far as it came; all that were not cancelled came to their end at least once. */
async function outcomeOf({ letter, kind, handles }: Life) {
  const jobs = await Promise.all(
    handles.map(async ({ runDir }) => {
      const names = (await readdir(runDir)).filter((name) => /^attempt-\d+\.(log|exit)$/.test(name));
      const texts = names.map(async (name) => [name, await readFile(path.join(runDir, name), "utf8")] as const);
      return Object.fromEntries(await Promise.all(texts));
    }),
  );
  const whole = `${letter}\n${letter}\n`;
  const isRight = jobs.every((files) => {
    const logs = Object.entries(files).flatMap(([name, text]) => (name.endsWith(".log") ? text : []));
    const isRightSoFar = logs.every((log) => whole.startsWith(withoutSignals(log)));
    return isRightSoFar && (kind === "cancelled" || logs.includes(whole));
  });
  return { letter, kind, jobs, isRight };
}

async function inParallel<T>(width: number, tasks: readonly (() => Promise<T>)[]): Promise<readonly T[]> {
  const results: T[] = [];
  const queue = tasks.values();
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (const task of queue) results.push(await task());
    }),
  );
  return results;
}
