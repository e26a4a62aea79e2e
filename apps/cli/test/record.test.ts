import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { gitRepository } from "@slipway/testing";
import { expect, test } from "vitest";

import { machine } from "./slipway.ts";

const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
const sha256 = (text: string | Buffer) => createHash("sha256").update(text).digest("hex");

interface Shown {
  readonly id: string;
  readonly code: { readonly commit: string; readonly digest: string; readonly patch: string };
  readonly jobs: readonly { readonly record?: object; readonly handle: { readonly runDir: string } }[];
}

test("beside a job's results lies what it was and how it went, and show gives the same", async () => {
  await using m = await machine();
  const { path: repo, git } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "a\n" } });
  await git("remote", "add", "origin", "https://ada:t0ken@example.org/x.git");
  await writeFile(path.join(repo, "a"), "edited\n");
  m.env["KEY"] = "s3cret-and-rare";
  const script = '[ "$SLIPWAY_ATTEMPT" = 2 ] || exit 3';
  const run = ["run", "--name", "e", "--secret", "KEY", "--env", "LR=rare-value", "--time", "5m", "--retries", "1"];
  expect((await m.slipway(repo, ...run, "--", "sh", "-c", script)).exitCode).toBe(0);
  const shown = await m.json<Shown>(repo, "show", "e");
  const runDir = shown.jobs[0]?.handle.runDir ?? "";
  const text = await readFile(path.join(runDir, "record.json"), "utf8");
  const begun = { try: 1, nodes: expect.stringMatching(/./), startedAt: time };
  const ended = { endedAt: time, outcome: "ended" };
  expect(JSON.parse(text)).toEqual({
    version: 1,
    experiment: shown.id,
    name: "e",
    job: "e",
    token: `${shown.id}.e.1`,
    cluster: "local",
    createdAt: time,
    slipwayVersion: expect.stringMatching(/^\d+\.\d+\.\d+/),
    nodeVersion: process.versions.node,
    code: {
      digest: shown.code.digest,
      commit: (await git("rev-parse", "HEAD")).trim(),
      branch: (await git("rev-parse", "--abbrev-ref", "HEAD")).trim(),
      remote: "https://example.org/x.git",
      dirty: true,
      patchSha256: sha256(shown.code.patch),
    },
    script: { path: "job.sh", sha256: sha256(await readFile(path.join(runDir, "job.sh"))) },
    command: { kind: "argv", argv: ["sh", "-c", script] },
    resources: { timeLimitSeconds: 300 },
    needs: [],
    environment: ["KEY", "LR"],
    attempts: [
      { number: 1, cause: "submitted", ...begun, ...ended, exitCode: 3 },
      { number: 2, cause: "failed", ...begun, ...ended, exitCode: 0 },
    ],
  });
  expect(text).not.toMatch(/s3cret-and-rare|rare-value|t0ken/);
  expect(shown.jobs[0]?.record).toEqual(JSON.parse(text));
  const { stdout } = await m.slipway(repo, "show", "e");
  expect(stdout).toMatch(
    /^ {2}attempt 1 on \S+, submitted, from \S+ to \S+, exit code 3\n {2}attempt 2 on \S+, failed, /m,
  );
});

test("the record of an array has the values of its elements, and theirs lie beside it", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "a\n" } });
  const file = path.join(m.folder, "x.yaml");
  await writeFile(file, 'name: s\njobs:\n  t: { run: "exit {code}", matrix: { code: [0, 4] } }\n');
  await m.slipway(repo, "run", file, "--wait");
  const shown = await m.json<Shown>(repo, "show", "s");
  const element = (arrayIndex: number, exitCode: number) => ({ arrayIndex, attempts: [{ exitCode }] });
  expect(shown.jobs[0]?.record).toMatchObject({
    array: { indices: [0, 1], values: { 0: { code: "0" }, 1: { code: "4" } } },
    elements: [element(0, 0), element(1, 4)],
  });
});
