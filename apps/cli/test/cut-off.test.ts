import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";
import { setImmediate } from "node:timers/promises";
import { promisify } from "node:util";

import { eventually, gitRepository, writeFiles } from "@slipway/testing";
import { expect, test } from "vitest";

import { finished, machine } from "./slipway.ts";
import type { Machine } from "./slipway.ts";

interface Status {
  readonly state: string;
  readonly jobs: readonly { readonly state: string; readonly reason?: string }[];
}

/** The only experiment's folder, once it has this in it. */
async function folderWith({ home }: Machine, name: string): Promise<string> {
  const runs = path.join(home, "runs");
  const limit = Date.now() + 60_000;
  for (;;) {
    const [id] = existsSync(runs) ? readdirSync(runs) : [];
    if (id !== undefined && existsSync(path.join(runs, id, name))) return id;
    if (Date.now() > limit) throw new Error(`${name} did not appear`);
    await setImmediate(); // Sooner than any timer: the moment is short.
  }
}

test.each(["experiment.json", "count", "count/commit", "count/attempt-1.start"])(
  "a client on this machine that is killed when %s is there leaves one job, which begins once, by choice if not by itself",
  async (moment) => {
    await using m = await machine();
    const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "a" } });
    const count = path.join(m.folder, "count");
    const client = m.start(repo, "run", "--job", "count", "--", "sh", "-c", `echo begun >>'${count}'; sleep 600`);
    const experiment = await folderWith(m, moment);
    client.kill("SIGKILL");
    await finished(client);
    expect((await m.slipway(repo, "status", experiment)).exitCode).toBe(0);
    expect(await m.slipway(repo, "sync", "--complete", experiment)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/ (?:was submitted whole|submitted: count)\n$/),
    });
    await eventually("it has begun", () => existsSync(count));
    expect(await m.slipway(repo, "status", experiment)).toMatchObject({ stderr: "" });
    expect(await m.json<Status>(repo, "status", experiment)).toMatchObject({ state: "running" });
    expect((await m.slipway(repo, "cancel", experiment)).exitCode).toBe(0);
    expect((await m.slipway(repo, "wait", experiment)).exitCode).toBe(7);
    expect(await readFile(count, "utf8")).toBe("begun\n");
  },
);

/** As a client leaves it that is killed before it has asked the executor. */
async function planned(m: Machine, repo: string): Promise<string> {
  const { experiment } = await m.json<{ experiment: string }>(
    repo,
    "run",
    "--wait",
    "--job",
    "train",
    "--",
    "cat",
    "a",
  );
  const folder = path.join(m.home, "runs", experiment);
  await rm(path.join(folder, "train"), { recursive: true });
  const file = path.join(folder, "experiment.json");
  await writeFile(file, (await readFile(file, "utf8")).replace('"phase": "submitted"', '"phase": "planned"'));
  return experiment;
}

test("what was planned and never submitted is said to be so, with both ways out", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "content\n" } });
  const experiment = await planned(m, repo);
  const { stdout, stderr } = await m.slipway(repo, "status", experiment, "--json");
  expect(JSON.parse(stdout)).toMatchObject({ state: "unknown", jobs: [{ state: "unknown", reason: "not_submitted" }] });
  expect(stderr).toBe(
    [
      `note: the submission of ${experiment} to local was cut off; none of its jobs has been let go there`,
      `  complete it: slipway sync --complete ${experiment}   take it back: slipway cancel ${experiment}`,
      "",
    ].join("\n"),
  );
  expect(await m.json(repo, "sync", "--complete", experiment)).toEqual({
    experiment,
    cluster: "local",
    jobs: ["train"],
  });
  expect((await m.slipway(repo, "wait", experiment)).exitCode).toBe(0);
  expect((await m.slipway(repo, "logs", experiment)).stdout).toBe("content\n");
  expect((await m.slipway(repo, "sync", "--complete", experiment)).stdout).toBe(`${experiment} was submitted whole\n`);
});

test("code that was cleaned away meanwhile is brought back from commit and patch when a submission is completed", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "content\n" } });
  const experiment = await planned(m, repo);
  await promisify(execFile)("chmod", ["-R", "u+w", path.join(m.home, "store")]);
  await rm(path.join(m.home, "store/code"), { recursive: true });
  expect(await m.slipway(repo, "sync", "--complete", experiment)).toMatchObject({ exitCode: 0 });
  expect((await m.slipway(repo, "wait", experiment)).exitCode).toBe(0);
  expect((await m.slipway(repo, "logs", experiment)).stdout).toBe("content\n");
});

test("an experiment that another slipway is submitting is left to it", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "content\n" } });
  const experiment = await planned(m, repo);
  const stat = await readFile("/proc/self/stat", "latin1").catch(() => "");
  const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => "");
  const start = stat.slice(stat.lastIndexOf(") ") + 2).split(" ")[19] ?? "";
  const own = { pid: process.pid, host: hostname(), boot: boot.trim(), start };
  await writeFiles(path.join(m.home, "runs", experiment), { ".submitter": JSON.stringify(own) });
  expect((await m.slipway(repo, "status", experiment)).stderr).toBe(
    `note: ${experiment} is being submitted by another slipway\n`,
  );
  expect(await m.slipway(repo, "sync", "--complete", experiment)).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("is being submitted by another slipway"),
  });
});
