import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

import { describe, expect, test } from "vitest";

import { exited, openBench, shells } from "./bench.ts";
import { openSlurmBench } from "./slurm-bench.ts";

const env = { SLIPWAY_STDERR: "separate" };
const sh = "echo out; echo err >&2; sleep 0.3; echo more; echo last >&2; exit 3";
const sorted = (text = "") => text.split("\n").toSorted().join(" ").trim();
const member = (name: string) => ({
  name,
  command: { kind: "argv", argv: ["sh", "-c", `echo out of ${name}; echo err of ${name} >&2`] } as const,
  resources: {},
  env: {},
});

describe.concurrent.each(shells)("standard error that is kept apart, with $name", ({ program }) => {
  test("is a log of its own, and part of all output; the command's end stays what it was", async () => {
    await using bench = await openBench(program);
    const { runDir, log, evidence } = await bench.run({ env, sh });
    expect([sorted(log), evidence.end?.exitCode]).toEqual(["err last more out", 3]);
    expect(await readFile(path.join(runDir, "attempt-1.err"), "utf8")).toBe("err\nlast\n");
    expect((await readdir(runDir)).filter((name) => name.endsWith(".pipe"))).toEqual([]);
  });

  test("is one of each attempt, and of each of a group's members", async () => {
    await using bench = await openBench(program);
    const again = 'echo "err $SLIPWAY_ATTEMPT" >&2; [ "$SLIPWAY_ATTEMPT" = 2 ]';
    const { runDir } = await bench.run({ env, sh: again, retries: { failed: 1 } });
    const group = await bench.prepare({ name: "g", env, group: [member("a"), member("b")] });
    await exited(bench.start(group));
    const files = [`${runDir}/attempt-1.err`, `${runDir}/attempt-2.err`, `${group}/attempt-1.a.err`];
    const texts = await Promise.all(files.map((file) => readFile(file, "utf8")));
    expect(texts).toEqual(["err 1\n", "err 2\n", "err of a\n"]);
    expect(sorted(await readFile(path.join(group, "attempt-1.b.log"), "utf8"))).toBe("err of b out of b");
  });

  test("is the same in a script that Slurm starts", async () => {
    await using bench = await openSlurmBench(program);
    expect(await bench.run({ sh, job: { env } })).toBe(3);
    const files = await bench.files();
    expect([sorted(files["attempt-1.log"]), files["attempt-1.err"]]).toEqual(["err last more out", "err\nlast\n"]);
  });

  test("is not, where nobody asked for it", async () => {
    await using bench = await openBench(program);
    const { runDir, log } = await bench.run({ sh });
    expect(log).toBe("out\nerr\nmore\nlast\n");
    expect((await readdir(runDir)).filter((name) => name.endsWith(".err"))).toEqual([]);
  });
});
