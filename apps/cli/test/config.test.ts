import path from "node:path";

import { gitRepository, writeFiles } from "@slipway/testing";
import { expect, test } from "vitest";

import { machine } from "./slipway.ts";

test("config show gives each setting with its file, line and column, or says that it is the default", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), {
    files: { "slipway.yaml": "packaging:\n  exclude: [docs/**]\n" },
  });
  await writeFiles(m.home, { "config.yaml": "cluster: local\n" });
  const values = await m.json<readonly { path: string; value: unknown; origin: string }[]>(repo, "config", "show");
  const origins = Object.fromEntries(values.map(({ path: key, value, origin }) => [key, [value, origin]]));
  expect(origins).toMatchObject({
    "packaging.exclude.0": ["docs/**", "slipway.yaml:2:13"],
    "packaging.include": [[], "default"],
    cluster: ["local", expect.stringMatching(/config\.yaml:1:10$/)],
  });
  expect((await m.slipway(repo, "config", "show")).stdout).toMatch(
    /^packaging\.exclude\.0 {2,}"docs\/\*\*" {2,}slipway\.yaml:2:13$/m,
  );
});

test("config check tells every mistake of every file, and what kind of file a right one is", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), {
    files: {
      "slipway.yaml": "packaging: { inlcude: [a] }\n",
      "good.yaml": "name: x\njobs: { a: { run: echo } }\n",
      "dgx.yaml": "executor: slurm\njob_dir: relative/path\naccount: a\n",
    },
  });
  const own = await m.slipway(repo, "config", "check");
  expect(own).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/slipway\.yaml:1:14: packaging\.inlcude: .*include/),
  });
  const given = await m.slipway(repo, "config", "check", "good.yaml", "slipway.yaml", "dgx.yaml");
  expect(given.exitCode).toBe(2);
  expect(given.stdout).toBe("good.yaml: a right experiment file\n");
  expect(given.stderr).toMatch(/2 files are not right[^]*slipway\.yaml:1:14[^]*dgx\.yaml:2:10/);
  expect(await m.slipway(repo, "config", "check", "missing.yaml")).toMatchObject({ exitCode: 2 });
});

test("config schema prints a JSON Schema for each kind of file", async () => {
  await using m = await machine();
  for (const kind of ["project", "cluster", "experiment"]) {
    const { stdout, exitCode } = await m.slipway(m.folder, "config", "schema", kind);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ $schema: expect.stringContaining("json-schema.org"), type: "object" });
  }
  expect((await m.slipway(m.folder, "config", "schema", "clutser")).exitCode).toBe(2);
});
