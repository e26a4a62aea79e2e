import { expect, test } from "vitest";

import { jobOutput, mergedOutput } from "../src/index.ts";
import { fakeExecutor, recordedJob } from "./fakes.ts";

const sourceOf = (name: string) => {
  const { handle } = recordedJob("a-1", name);
  if (!handle) throw new Error("no handle");
  return { label: name, handle };
};

async function textOf(source: AsyncIterable<{ readonly bytes: Uint8Array }>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const { bytes } of source) chunks.push(bytes);
  return Buffer.concat(chunks).toString();
}

test.each([
  { lastLines: 0, expected: "" },
  { lastLines: 1, expected: "three\n" },
  { lastLines: 2, expected: "two\nthree\n" },
  { lastLines: 9, expected: "one\ntwo\nthree\n" },
  { lastLines: undefined, expected: "one\ntwo\nthree\n" },
])("the last $lastLines lines of three are $expected", async ({ lastLines, expected }) => {
  const { executor } = fakeExecutor({ logs: { train: "one\ntwo\nthree\n" } });
  expect(await textOf(jobOutput(executor, sourceOf("train"), { lastLines }))).toBe(expected);
});

test("a last line without an end counts as a line", async () => {
  const { executor } = fakeExecutor({ logs: { train: "one\ntwo" } });
  expect(await textOf(jobOutput(executor, sourceOf("train"), { lastLines: 1 }))).toBe("two");
});

test("last lines are found in a log that is longer than one window", async () => {
  const lines = Array.from({ length: 400 }, (_, index) => `${index} ${"x".repeat(500)}\n`);
  const { executor } = fakeExecutor({ logs: { train: lines.join("") } });
  expect(await textOf(jobOutput(executor, sourceOf("train"), { lastLines: 300 }))).toBe(lines.slice(-300).join(""));
});

test("an empty log has no lines", async () => {
  const { executor } = fakeExecutor();
  expect(await textOf(jobOutput(executor, sourceOf("train"), { lastLines: 5 }))).toBe("");
});

test("merged outputs never break a line of one job by another's", async () => {
  const { executor } = fakeExecutor({ logs: { a: "first of a\nsecond of a\n", b: "first of b\nlast of b, unended" } });
  const seen: Record<string, string> = {};
  const whole: boolean[] = [];
  for await (const { job, bytes } of mergedOutput(executor, [sourceOf("a"), sourceOf("b")])) {
    const text = Buffer.from(bytes).toString();
    seen[job] = (seen[job] ?? "") + text;
    whole.push(text.endsWith("\n") || text.endsWith("unended"));
  }
  expect(seen).toEqual({ a: "first of a\nsecond of a\n", b: "first of b\nlast of b, unended" });
  expect(whole).not.toContain(false);
});

test("many outputs are read a few at a time, and all of them", async () => {
  const names = Array.from({ length: 100 }, (_, index) => `job-${index}`);
  const { executor } = fakeExecutor({ logs: Object.fromEntries(names.map((name) => [name, `${name}\n`])) });
  const seen: string[] = [];
  for await (const { job } of mergedOutput(executor, names.map(sourceOf))) seen.push(job);
  expect(seen.toSorted()).toEqual(names.toSorted());
});
