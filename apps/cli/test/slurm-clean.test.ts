import { readdir, readFile } from "node:fs/promises";
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
    await m.slipway(repo, "cancel", id);
    expect(await readFile(path.join(jobDir, "store/cleaned", journal), "utf8")).toBe("");
  });
});
