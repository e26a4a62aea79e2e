import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { eventually } from "@slipway/testing";
import { describe, expect, test } from "vitest";

import { exited, openBench, pathWith, readEvidence, shells } from "./bench.ts";
import type { Bench, TestJob } from "./bench.ts";

const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
const host = expect.stringMatching(/^[\w.-]+$/);
const planned = { version: 1, experiment: "e", command: { kind: "shell", lines: [`it's "$(x)" \\n \`y\` é`] } };
const plannedText = `${JSON.stringify(planned, undefined, 2).replace(/\n\}$/, ',\n  "attempts": [\n  ]\n}')}\n`;

async function prepare(bench: Bench, job: TestJob): Promise<string> {
  const runDir = await bench.prepare(job);
  await writeFile(path.join(runDir, "record.json"), plannedText);
  return runDir;
}

async function readRecord(runDir: string, name = "record.json"): Promise<unknown> {
  return JSON.parse(await readFile(path.join(runDir, name), "utf8"));
}

describe.concurrent.each(shells)("record.json, with $name", ({ program }) => {
  test("holds what was planned and every attempt, why it began and how it ended", async () => {
    await using bench = await openBench(program);
    const runDir = await prepare(bench, {
      sh: 'cp "$SLIPWAY_RUN_DIR/../record.json" "$SLIPWAY_RUN_DIR/$SLIPWAY_ATTEMPT"; case $SLIPWAY_ATTEMPT in 1) exit 3 ;; 2) exit 75 ;; 3) kill -s KILL $$ ;; esac',
      retries: { failed: 2 },
    });
    const env = {
      PATH: await pathWith(bench.path, ["cp", "sh", "cat", "date", "ln", "mkdir", "mv", "perl", "rm", "sed", "sleep"]),
    };
    expect(await exited(bench.start(runDir, { env }))).toBe(0);
    const begun = { try: 1, nodes: host, startedAt: time };
    const ended = { outcome: "ended", endedAt: time };
    const attempts = [
      { number: 1, cause: "submitted", ...begun, ...ended, exitCode: 3 },
      { number: 2, cause: "failed", ...begun, ...ended, exitCode: 75 },
      { number: 3, cause: "requested", ...begun, ...ended, signal: 9 },
      { number: 4, cause: "failed", ...begun, ...ended, exitCode: 0 },
    ];
    expect(await readRecord(runDir)).toEqual({ ...planned, attempts });
    const second = { number: 2, cause: "failed", ...begun };
    expect(await readRecord(runDir, "run/2")).toEqual({ ...planned, attempts: [attempts[0], second] });
    expect((await readdir(runDir)).filter((name) => name.startsWith("record"))).toEqual(["record.json"]);
  });

  test("of a group tells its members' ends, and which of them was the job's", async () => {
    await using bench = await openBench(program);
    const part = (name: string, sh: string) => ({
      name,
      command: { kind: "argv", argv: ["sh", "-c", sh] } as const,
      resources: {},
      env: {},
    });
    const runDir = await prepare(bench, { group: [part("server", "exec sleep 300"), part("client", "exit 7")] });
    await exited(bench.start(runDir));
    expect(await readRecord(runDir)).toMatchObject({
      attempts: [
        {
          number: 1,
          exitCode: 7,
          reason: "member_failed",
          members: [
            { name: "server", outcome: "cancelled", signal: 15, reason: "group_ended", endedAt: time },
            { name: "client", outcome: "ended", exitCode: 7, endedAt: time },
          ],
        },
      ],
    });
  });

  test("of an array's element stands beside it, under the element's name", async () => {
    await using bench = await openBench(program);
    const runDir = await prepare(bench, { sh: "exit $SLIPWAY_ARRAY_INDEX", array: { indices: [0, 3] } });
    await exited(bench.start(runDir));
    const element = (arrayIndex: number) => ({
      version: 1,
      experiment: "e",
      job: "job",
      token: "e.job.1",
      arrayIndex,
      attempts: [
        {
          number: 1,
          try: 1,
          cause: "submitted",
          nodes: host,
          startedAt: time,
          outcome: "ended",
          exitCode: arrayIndex,
          endedAt: time,
        },
      ],
    });
    expect(await readRecord(runDir, "array-0.record.json")).toEqual(element(0));
    expect(await readRecord(runDir, "array-3.record.json")).toEqual(element(3));
    expect(await readRecord(runDir)).toMatchObject({
      ...planned,
      attempts: [{ exitCode: 1, reason: "element_failed" }],
    });
  });

  test("of an attempt that left no last word has no end, and a job without a record gets none", async () => {
    await using bench = await openBench(program);
    const runDir = await prepare(bench, { sh: "exec sleep 300" });
    const child = bench.start(runDir);
    await eventually("the command", async () => (await readEvidence(runDir)).group);
    const group = (await readEvidence(runDir)).group;
    child.kill("SIGKILL");
    if (group) process.kill(-group.pid, "SIGKILL");
    expect(await readRecord(runDir)).toEqual({
      ...planned,
      attempts: [{ number: 1, try: 1, cause: "submitted", nodes: host, startedAt: time }],
    });
    const { runDir: plain } = await bench.run({ name: "plain" });
    expect((await readdir(plain)).filter((name) => name.includes("record"))).toEqual([]);
  });
});
