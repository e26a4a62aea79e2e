import { rm } from "node:fs/promises";
import path from "node:path";
import { gunzipSync } from "node:zlib";

import type { LogChunk, Transport } from "@slipway/core";
import { eventually } from "@slipway/testing";
import { sharedTestbed, startTestbed } from "@slipway/testing/testbed";
import { describe, expect, test } from "vitest";

import { openFixture } from "./fixture.ts";
import type { FixtureOptions } from "./fixture.ts";
import { isSupported } from "./testbed.ts";

describe.runIf(isSupported)("a job's log", () => {
  const open = async (options?: FixtureOptions) => openFixture(await sharedTestbed(), options);

  test("larger than one command sends arrives whole and in order", async () => {
    await using fixture = await open();
    const handle = await fixture.start({ sh: "seq 1 1500000" });
    await fixture.end(handle);
    const chunks: LogChunk[] = [];
    for await (const chunk of fixture.executor.logs(handle)) chunks.push(chunk);
    let expected = 0;
    for (const { offset, bytes } of chunks) {
      expect(offset).toBe(expected);
      expected += bytes.length;
    }
    const lines = Buffer.concat(chunks.map(({ bytes }) => bytes))
      .toString()
      .trimEnd()
      .split("\n");
    expect([lines.length, lines[0], lines.at(-1)]).toEqual([1_500_000, "1", "1500000"]);
    expect(await fixture.log(handle, { offset: -8 })).toBe("1500000\n");
  });

  test("is followed from an offset without sending a byte twice, and without a question to accounting", async () => {
    const scripts: string[] = [];
    let received = 0;
    await using fixture = await open({
      transport: (inner) => notingScripts(inner, scripts, (bytes) => (received += bytes)),
    });
    const sh = "echo 0123456789; for i in 1 2 3 4 5 6; do seq 1 5000; sleep 0.3; done";
    const handle = await fixture.start({ sh });
    scripts.length = 0;
    received = 0;
    const followed = await fixture.log(handle, { offset: 3, follow: true });
    const whole = await fixture.log(handle);
    expect(followed).toBe(whole.slice(3));
    expect(received).toBeLessThan(2.1 * whole.length);
    expect(scripts.filter((script) => script.includes("sacct"))).toEqual([]);
  });

  test("of one member of an array is its own", async () => {
    await using fixture = await open();
    const handle = await fixture.start({ sh: 'echo "member $SLURM_ARRAY_TASK_ID"', array: { indices: [1, 2] } });
    const [one, two] = await Promise.all([1, 2].map((arrayIndex) => fixture.log(handle, { arrayIndex, follow: true })));
    expect([one, two]).toEqual(["member 1\n", "member 2\n"]);
  });

  test("that looks like an answer of the command is passed on as it is", async () => {
    await using fixture = await open();
    const text = "\nslipway-0123456789abcdef01234567 DONE 1 2 ended\n";
    const handle = await fixture.start({ argv: ["printf", "%s", text] });
    await fixture.end(handle);
    expect(await fixture.log(handle)).toBe(text);
  });

  test("of a job that was cancelled before it began ends at once", async () => {
    await using fixture = await open();
    const handle = await fixture.start({ sbatch: { begin: "now+1hour" } });
    const followed = fixture.log(handle, { follow: true });
    await fixture.executor.cancel([handle]);
    expect(await followed).toBe("");
  });

  test.each([true, false])(
    "of a job that never began ends when Slurm has forgotten it, with accounting: %s",
    async (accounting) => {
      await using testbed = await startTestbed({ nodes: 1, accounting });
      await using fixture = await openFixture(testbed);
      const bad = fixture.plan({ name: "bad", sh: "exit 3" });
      const after = fixture.plan({ name: "after", needs: [{ job: "bad", type: "ok" }] });
      const [, handle] = await fixture.executor.submit([bad, after]);
      if (!handle) throw new Error("No handle");
      const listed = () => testbed.slurm("squeue", "-h", "-t", "all", "-o", "%i");
      await eventually("Slurm to forget", async () => (await listed()).stdout === "");
      expect(await fixture.log(handle, { follow: true })).toBe("");
    },
  );

  test("is gone with the run directory", async () => {
    await using fixture = await open();
    const handle = await fixture.start({});
    await fixture.end(handle);
    await rm(handle.runDir, { recursive: true });
    await expect(fixture.log(handle)).rejects.toMatchObject({
      code: "EXECUTOR_JOB_NOT_FOUND",
      message: `The run directory of job job is gone: ${path.join(fixture.jobDir, "runs", fixture.experiment, "job")}`,
    });
  });

  test("of standard error alone is there for jobs that keep it apart, also of a group's member, of an element, and while it is followed", async () => {
    await using fixture = await open();
    const env = { SLIPWAY_STDERR: "separate" };
    const part = (name: string, text: string) => ({
      name,
      command: { kind: "argv", argv: ["sh", "-c", text] } as const,
      resources: {},
      env: {},
    });
    const sh = "echo out; echo err $SLIPWAY_ARRAY_INDEX >&2";
    const handles = await fixture.executor.submit([
      fixture.plan({ name: "array", env, sh, array: { indices: [2] } }),
      fixture.plan({ name: "group", env, group: [part("a", "echo a; echo bad >&2"), part("b", "echo b")] }),
      fixture.plan({ name: "plain", sh }),
    ]);
    const [array, group, plain] = handles;
    if (!array || !group || !plain) throw new Error("No handles");
    expect(await fixture.log(array, { arrayIndex: 2, stderr: true, follow: true })).toBe("err 2\n");
    await fixture.end(group);
    const logs = await Promise.all(["a", "b"].map((rank) => fixture.log(group, { rank, stderr: true })));
    expect(logs).toEqual(["bad\n", ""]);
    expect((await fixture.log(group)).split("\n").toSorted()).toEqual(["", "a", "b", "bad"]);
    await fixture.end(plain);
    expect([await fixture.log(plain), await fixture.log(plain, { stderr: true })]).toEqual(["out\nerr\n", ""]);
  }, 90_000);
});

function notingScripts(inner: Transport, scripts: string[], onBytes: (bytes: number) => void): Transport {
  return {
    host: inner.host,
    exec(argv, options = {}) {
      scripts.push(options.stdin instanceof Uint8Array ? gunzipSync(options.stdin).toString() : "");
      const { onStdout } = options;
      if (!onStdout) return inner.exec(argv, options);
      const counted = (bytes: Uint8Array) => {
        onBytes(bytes.length);
        onStdout(bytes);
      };
      return inner.exec(argv, { ...options, onStdout: counted });
    },
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
}
