import path from "node:path";

import { eventually, gitRepository } from "@slipway/testing";
import { expect, test } from "vitest";

import { machine } from "./slipway.ts";

interface Status {
  readonly jobs: readonly { readonly members?: readonly { readonly array: number; readonly state: string }[] }[];
}

test("one element of an array is cancelled, and status tells which", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "a\n" } });
  await m.slipway(repo, "run", "--name", "e", "--array", "0,2-3", "--detach", "--", "sleep", "300");
  const states = async () => {
    const { jobs } = await m.json<Status>(repo, "status", "e");
    return jobs[0]?.members?.map(({ array, state }) => `${array} ${state}`);
  };
  const cancelled = await m.slipway(repo, "cancel", "e/e[2-3]");
  expect(cancelled).toEqual({
    exitCode: 0,
    stdout: expect.stringMatching(/^Asked to cancel e-\w+\/e\[2-3\]\n$/),
    stderr: "",
  });
  await eventually("them to end", async () => (await states())?.slice(1).join() === "2 cancelled,3 cancelled");
  expect((await states())?.[0]).toMatch(/^0 (queued|running)$/);
  const refusals = [
    { words: ["--array", "1,4"], exitCode: 6, stderr: /e has no element 1, 4/ },
    { words: ["--array", "x"], exitCode: 2, stderr: /"x" is not a list of array indices/ },
    { words: ["--array", "0%2"], exitCode: 2, stderr: /has a limit/ },
    { words: ["--array", "0-3"], exitCode: 6, stderr: /e has no element 1\n/ },
    { words: ["--array", "0", "--subtree"], exitCode: 2, stderr: /--subtree is about whole jobs/ },
  ];
  for (const { words, ...refusal } of refusals) {
    const { exitCode, stderr } = await m.slipway(repo, "cancel", "e", ...words);
    expect({ exitCode, stderr }).toEqual({ exitCode: refusal.exitCode, stderr: expect.stringMatching(refusal.stderr) });
  }
  expect((await m.slipway(repo, "cancel", "e[0]", "--array", "0")).stderr).toContain("named twice");
  expect(await m.json(repo, "cancel", "e", "--array", "0")).toMatchObject({ jobs: ["e"], array: [0] });
  expect((await m.slipway(repo, "wait", "e")).exitCode).toBe(7);
  await m.slipway(repo, "run", "--name", "plain", "--", "true");
  expect((await m.slipway(repo, "cancel", "plain", "--array", "0")).exitCode).toBe(2);
});
