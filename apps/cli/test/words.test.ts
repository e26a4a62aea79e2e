import { expect, test } from "vitest";

import { exitCodeOfError, exitCodeOfOutcome } from "../src/exit-codes.ts";
import { printJson, printLongJson } from "../src/json.ts";
import { formatBytes, formatDuration, renderTable } from "../src/report/text.ts";
import { nameOfCommand } from "../src/run/experiment.ts";

test("an experiment is named after its script, or else after its program", () => {
  const names = [
    ["python", "train.py", "--lr", "1"],
    ["python3.11", "-m", "pkg"],
    ["./scripts/eval.sh"],
    ["bash", "-c", "exit"],
    ["node", "dir/x.test.mjs"],
    ["/usr/bin/env"],
    [".hidden"],
  ].map(nameOfCommand);
  expect(names).toEqual(["train", "python3", "eval", "bash", "x.test", "env", ".hidden"]);
});

test("bytes and durations are given in at most two units", () => {
  expect([0, 999, 1000, 1_234_567, 999_600, 51_000_000, 3e12].map(formatBytes)).toEqual([
    "0 B",
    "999 B",
    "1.0 kB",
    "1.2 MB",
    "1.0 MB",
    "51.0 MB",
    "3.0 TB",
  ]);
  expect([0, 1_400, 60_000, 3_661_000, 93_784_000].map(formatDuration)).toEqual(["0s", "1s", "1m", "1h 1m", "1d 2h"]);
});

test("a table's columns are as wide as their widest cell, colours not counted", () => {
  expect(
    renderTable([
      ["a", "bb"],
      ["\u001b[31mccc\u001b[39m", "d"],
    ]),
  ).toBe("a    bb\n\u001b[31mccc\u001b[39m  d\n");
});

test("every kind of error has its exit code", () => {
  const codes = [
    "CONFIG_INVALID",
    "PACKAGER_TOO_LARGE",
    "STORE_DISK_FULL",
    "EXPERIMENT_NOT_FOUND",
    "EXPERIMENT_AMBIGUOUS",
    "OTHER",
  ];
  expect(codes.map(exitCodeOfError)).toEqual([2, 5, 4, 6, 2, 4]);
});

test("an outcome's exit code: a single local job's own one, else the kind of end", () => {
  const outcome = (
    state: "failed" | "cancelled" | "timed_out" | "succeeded" | "unknown",
    cluster: string,
    ...jobs: readonly object[]
  ) => exitCodeOfOutcome({ state, cluster, jobs });
  expect(outcome("failed", "local", { exitCode: 3 })).toBe(3);
  expect(outcome("failed", "local", { signal: 9 })).toBe(137);
  expect(outcome("failed", "dgx", { exitCode: 3 })).toBe(1);
  expect(outcome("failed", "local", { exitCode: 3 }, { exitCode: 0 })).toBe(1);
  expect(outcome("cancelled", "local", { exitCode: 0 })).toBe(7);
  expect(outcome("timed_out", "local", {})).toBe(1);
  expect(outcome("succeeded", "local", { exitCode: 0 })).toBe(0);
  expect(outcome("unknown", "local", {})).toBe(3);
});

test.each([[true], [false]])(
  "a long document is printed as a short one is, in pieces (terminal: %s)",
  async (isTTY) => {
    const written: string[] = [];
    const stdout = { isTTY, columns: 80, write: (text: string | Uint8Array) => written.push(String(text)) };
    const { signal } = new AbortController();
    for (const length of [1, 2, 3_000]) {
      const files = Array.from({ length }, (_, n) => ({
        path: `a\n"${n}"`,
        nested: { list: [n, [], {}] },
        none: undefined,
      }));
      const document = { digest: "d", commit: undefined, files, warnings: ["w"] };
      printJson(stdout, document);
      const short = written.splice(0).join("");
      await printLongJson({ stdout, signal }, { ...document, files: [] }, { key: "files", items: files.values() });
      expect(written.length > 1).toBe(length === 3_000);
      expect(written.splice(0).join("")).toBe(short);
    }
  },
);
