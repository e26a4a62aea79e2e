import path from "node:path";

import { gitRepository } from "@slipway/testing";
import { expect, test } from "vitest";

import { machine } from "./slipway.ts";

test("logs --stderr prints standard error alone, of jobs that keep it apart", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "a\n" } });
  const command = ["--", "sh", "-c", "echo out; echo err >&2"];
  await m.slipway(repo, "run", "--name", "apart", "--env", "SLIPWAY_STDERR=separate", ...command);
  expect((await m.slipway(repo, "logs", "apart", "--stderr")).stdout).toBe("err\n");
  expect((await m.slipway(repo, "logs", "apart", "--stderr", "-f", "-n", "1")).stdout).toBe("err\n");
  expect((await m.slipway(repo, "logs", "apart")).stdout.split("\n").toSorted()).toEqual(["", "err", "out"]);
  await m.slipway(repo, "run", "--name", "one", ...command);
  const { exitCode, stdout, stderr } = await m.slipway(repo, "logs", "one", "--stderr");
  expect({ exitCode, stdout, stderr }).toEqual({
    exitCode: 2,
    stdout: "",
    stderr: expect.stringMatching(/are one log, in their order\n {2}→ Run it with --env SLIPWAY_STDERR=separate/),
  });
});
