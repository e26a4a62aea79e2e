import { mkdir, readdir, writeFile } from "node:fs/promises";
import path from "node:path";

import { gitRepository } from "@slipway/testing";
import { expect, test } from "vitest";

import { machine } from "./slipway.ts";

/** Each with where it stands and what is told; the cluster cannot be reached, so that nothing can be uploaded before. */
const mistakes: readonly (readonly [string, string, string])[] = [
  [
    "jobs that wait for each other",
    "  a: { run: x, needs: b }\n  b: { run: x, needs: [c] }\n  c: { run: x, needs: { job: a, type: any } }\n",
    "3:23: jobs.a.needs: these jobs wait for each other: a → b → c → a",
  ],
  ["a job that waits for itself", "  a: { run: x, needs: a }\n", "3:23: jobs.a.needs: a job cannot need itself"],
  [
    "a need of a job that is not there",
    "  train: { run: x }\n  eval: { run: x, needs: trian }\n",
    '4:26: jobs.eval.needs: there is no job "trian"; did you mean train?',
  ],
  [
    "an empty matrix",
    "  a: { run: x, matrix: {} }\n",
    "3:24: jobs.a.matrix: expected at least one key with values, got none",
  ],
  [
    "a matrix without values",
    "  a: { run: 'x {lr}', matrix: { lr: [] } }\n",
    "3:37: jobs.a.matrix.lr: expected at least one value, got none",
  ],
  [
    "an array over the limit",
    "  a: { run: x, array: 0-9999999 }\n",
    '3:23: jobs.a.array: expected indices below 1000000 such as 0-9, 1,3,5-9:2 or 0-99%4, got "0-9999999"',
  ],
  [
    "a matrix over the limit",
    `  a: { run: 'x {i}{j}', matrix: { i: [${Array.from({ length: 2001 }, (_, index) => index).join(", ")}], j: [${Array.from({ length: 2001 }, (_, index) => index).join(", ")}] } }\n`,
    "3:33: jobs.a.matrix: makes 4004001 jobs; at most 100000 are possible",
  ],
  [
    "a container that the cluster does not have, in a group",
    "  a:\n    group:\n      server: { run: x, container: vlm }\n      client: { run: y }\n",
    '5:36: jobs.a.group.server.container: the cluster has no container "vlm"; did you mean vllm?',
  ],
  [
    "a placeholder without a value",
    "  a: { run: 'x --lr {lr} --wd {wd}', matrix: { lr: [1] } }\n",
    "3:13: jobs.a.run: the matrix has no value for {wd}; the keys of the matrix are: lr",
  ],
  [
    "names that are one file where letters' cases are",
    "  train: { run: x }\n  Train: { run: x }\n",
    "4:3: jobs.Train: differs from train only in upper and lower case",
  ],
  ["a name that is no file's", "  a/b: { run: x }\n", "3:3: jobs.a/b: expected letters, digits"],
  [
    "a name that a chain makes, too",
    "  a: { run: x, repeat: 2 }\n  a-2: { run: x }\n",
    "3:24: jobs.a.repeat: makes a job of the name a-2, which is there too",
  ],
  [
    "a budget that is no number",
    "  a: { run: x, retries: { failed: often } }\n",
    '3:35: jobs.a.retries.failed: expected a whole number or unlimited, got "often"',
  ],
  [
    "a budget for what never happens",
    "  a: { run: x, retries: { crashed: 1 } }\n",
    "3:27: jobs.a.retries.crashed: unknown key",
  ],
  [
    "a budget below zero",
    "  a: { run: x, retries: -1 }\n",
    "3:25: jobs.a.retries: expected a whole number of at least 0, got -1",
  ],
];

test.each(mistakes)("%s: told with its place, before anything is packed or sent", async (_, jobs, told) => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "a" } });
  await mkdir(path.join(m.home, "clusters"), { recursive: true });
  await writeFile(
    path.join(m.home, "clusters/away.yaml"),
    "executor: slurm\nssh_tunnel: { host: nohost.invalid, job_dir: /j }\ncontainer_runtime: pyxis\ncontainers: { vllm: /v.sqsh }\n",
  );
  await writeFile(path.join(m.folder, "e.yaml"), `name: e\njobs:\n${jobs}`);
  const { exitCode, stdout, stderr } = await m.slipway(repo, "run", "--cluster", "away", path.join(m.folder, "e.yaml"));
  expect({ exitCode, stdout, stderr }).toEqual({
    exitCode: 2,
    stdout: "",
    stderr: expect.stringContaining(`e.yaml:${told}`),
  });
  expect(await readdir(m.home)).toEqual(["clusters"]);
});
