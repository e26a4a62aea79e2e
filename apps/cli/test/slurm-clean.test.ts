import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { gitRepository, snapshot } from "@slipway/testing";
import { testbedSupport } from "@slipway/testing/testbed";
import { describe, expect, test } from "vitest";

import { machineWithCluster } from "./cluster.ts";

interface Cleaned {
  readonly remove: readonly { readonly kind: string; readonly path: string }[];
  readonly keep: readonly { readonly kind: string; readonly why: string }[];
  readonly errors: readonly string[];
}

const support = await testbedSupport();
const wantsNothing = ["--max-age", "0", "--keep-last", "0"] as const;

describe.skipIf(!support.available)("cleaning a cluster from a laptop", () => {
  test("code of jobs stays whatever the policy wants; a submit looks by itself; pin, du and doctor work there", async () => {
    const { m, jobDir } = await machineWithCluster();
    await using _machine = m;
    const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { "a.txt": "a" } });
    const run = await m.slipway(repo, "run", "--cluster", "testbed", "--name", "long", "--", "sleep", "300");
    const id = run.stdout.trim();
    const clean = (...words: readonly string[]) => m.json<Cleaned>(repo, "clean", "--cluster", "testbed", ...words);

    const [journal = ""] = await readdir(path.join(jobDir, "store/cleaned"));
    expect(journal).toMatch(/^\d{4}-\d\d-\d\d\.jsonl$/);
    const before = await snapshot(path.join(jobDir, "store"));
    expect(await clean(...wantsNothing, "--dry-run")).toMatchObject({
      remove: [],
      keep: [{ kind: "code", why: expect.stringMatching(/^job \d+ was submitted \d+ \w+ ago$/) }],
      errors: [],
    });
    expect(await snapshot(path.join(jobDir, "store"))).toEqual(before);
    expect(await m.json(repo, "clean", "--experiment", id, "--yes")).toMatchObject({
      error: { code: "CLEANER_EXPERIMENT_NEEDED", exitCode: 4 },
    });

    expect(await m.json(repo, "pin", id)).toEqual({ experiment: id, pinned: true });
    expect(await m.json(repo, "du", "--cluster", "testbed")).toMatchObject({
      stores: [{ cluster: "testbed", jobDir, bundles: 1, bytes: 1 }],
    });
    expect((await m.slipway(repo, "doctor", "--cluster", "testbed")).stdout).toMatch(/cleaner\s+last ran on \d{4}-/);
    expect((await m.slipway(repo, "show", id)).stdout).not.toContain("gone");
    await m.slipway(repo, "cancel", id);
    expect(await readFile(path.join(jobDir, "store/cleaned", journal), "utf8")).toBe("");
  });

  test("show tells what a cleaner took from the cluster, when, by whom and why, and how it comes back", async () => {
    const { m, jobDir } = await machineWithCluster();
    await using _machine = m;
    const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { "a.txt": "a" } });
    const words = ["run", "--cluster", "testbed", "--name", "short", "--job", "only", "--", "true"];
    const { experiment: id } = await m.json<{ experiment: string }>(repo, ...words);
    expect((await m.slipway(repo, "wait", id)).exitCode).toBe(0);
    const [instance = ""] = await readdir(path.join(jobDir, "store/code"));
    const entry = {
      bytes: 1,
      inodes: 5,
      why: "nobody has needed it for 9 d",
      by: "ada@laptop",
      at: "2026-01-02T03:04:05Z",
    };
    const things = [
      { kind: "code", path: `${jobDir}/store/code/${instance}` },
      { kind: "run", path: `${jobDir}/runs/${id}/only` },
    ];
    await rename(path.join(jobDir, "store/code", instance), path.join(jobDir, "store/trash", instance));
    await rm(path.join(jobDir, "runs", id, "only"), { recursive: true });
    const lines = things.map((thing) => `${JSON.stringify({ ...thing, ...entry })}\n`);
    await writeFile(path.join(jobDir, "store/cleaned/2026-01-02.jsonl"), lines.join(""));
    const { stdout } = await m.slipway(repo, "show", id);
    const said = "cleaned on 2026-01-02T03:04:05Z by ada@laptop: nobody has needed it for 9 d";
    expect(stdout).toContain(`\ncode gone   ${said}; the same files, run again, bring it back\n`);
    expect(stdout).toContain(`\n  gone      ${said}; its logs and outputs do not come back\n`);
    expect(await m.json(repo, "show", id)).toMatchObject({
      gone: `${said}; the same files, run again, bring it back`,
      jobs: [{ gone: `${said}; its logs and outputs do not come back` }],
    });
  });
});
