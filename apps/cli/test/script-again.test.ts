import { readFile } from "node:fs/promises";
import path from "node:path";

import { gitRepository } from "@slipway/testing";
import { expect, test } from "vitest";

import { machine } from "./slipway.ts";

interface Shown {
  readonly id: string;
  readonly jobs: readonly {
    readonly token: string;
    readonly record: object;
    readonly handle: { readonly runDir: string };
  }[];
}

test("the script of a job on this machine is edited and submitted again, with the same code, as on a cluster", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "of the commit\n" } });
  m.env["KEY"] = "k3y";
  const run = ["run", "--name", "ed", "--secret", "KEY", "--"];
  expect((await m.slipway(repo, ...run, "sh", "-c", "cat a; echo first ${#KEY}; exit 3")).exitCode).toBe(3);
  m.env["EDITOR"] = "sed -i 's/echo first/echo second/; s/exit 3/exit 0/'";
  expect(await m.slipway(repo, "sbatch", "ed", "--edit", "--submit")).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^Wrote .*\/job\.sh\nSubmitted ed-\w+\/ed again, as try 2 \(id .*\)\n$/),
  });
  expect((await m.slipway(repo, "wait", "ed")).exitCode).toBe(0);
  expect((await m.slipway(repo, "logs", "ed")).stdout).toBe("of the commit\nsecond 3\n");
  expect((await m.slipway(repo, "logs", "ed", "--attempt", "1")).stdout).toBe("of the commit\nfirst 3\n");
  const { id, jobs } = await m.json<Shown>(repo, "show", "ed");
  expect(jobs).toMatchObject([
    {
      token: `${id}.ed.2`,
      status: { state: "succeeded", attempt: 2 },
      record: {
        token: `${id}.ed.2`,
        attempts: [
          { number: 1, try: 1, cause: "submitted", exitCode: 3 },
          { number: 2, try: 2, cause: "submitted", exitCode: 0 },
        ],
      },
    },
  ]);
  const before: unknown = JSON.parse(await readFile(`${jobs[0]?.handle.runDir ?? ""}/try-1/record.json`, "utf8"));
  expect(before).toMatchObject({ token: `${id}.ed.1`, attempts: [{ number: 1, exitCode: 3 }] });
});
