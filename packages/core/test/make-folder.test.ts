import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { expect, onTestFinished, test } from "vitest";

import { makeFolder } from "../src/index.ts";

function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "slipway-core-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

const modeOf = (name: string) => statSync(name).mode & 0o777;

test("a folder is made with those above it, each with the mode, and may be there already", () => {
  const folder = temporaryFolder();
  const wanted = path.join(folder, "a", "b");
  makeFolder(wanted, { mode: 0o700 });
  makeFolder(wanted, { mode: 0o755 });
  expect([modeOf(path.join(folder, "a")), modeOf(wanted)]).toEqual([0o700, 0o700]);
});

test("a file in the way is told by the file system's own error", () => {
  const folder = temporaryFolder();
  const file = path.join(folder, "file");
  writeFileSync(file, "");
  expect(() => makeFolder(file)).toThrow("EEXIST");
  expect(() => makeFolder(path.join(file, "a", "b"))).toThrow("ENOTDIR");
});

test.runIf(process.platform === "linux")("where no new name can be, it fails and does not try for ever", () => {
  expect(() => makeFolder("/proc/none/a")).toThrow("ENOENT");
});
