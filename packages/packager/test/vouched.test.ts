import { execFileSync } from "node:child_process";
import { appendFile, chmod, mkdir, readFile, rename, rm, symlink, unlink, utimes, writeFile } from "node:fs/promises";
import path from "node:path";

import { eventually, fakeClock, gitRepository, runGit, temporaryDirectory } from "@slipway/testing";
import { describe, expect, test } from "vitest";

import type { PackageOptions } from "../src/index.ts";
import { createTable, rowKinds } from "../src/table/table.ts";
import { recallTable } from "../src/table/vouch.ts";
import { env, pack } from "./helpers.ts";

const files = {
  "a.txt": "one\n",
  "b/c.sh": "#!/bin/sh\n",
  "b/d.txt": "d\n",
  "crlf.txt": "line\n",
  link: { symlink: "a.txt" },
  ".gitattributes": "*.txt text=auto\n",
};

/** A repository whose index was written in a later second than its files, packaged once; and what git is asked from then on. */
async function openPackaged() {
  const folder = await temporaryDirectory();
  const top = path.join(folder.path, "top");
  await gitRepository(top, { files });
  await chmod(`${top}/b/c.sh`, 0o755);
  await runGit(top, ["commit", "-qam", "executable"]);
  const written = Math.floor(Date.now() / 1000);
  await eventually("the next second has begun", () => Math.floor(Date.now() / 1000) > written);
  await utimes(`${top}/.git/index`, new Date(), new Date());
  const log = path.join(folder.path, "asked");
  const tools = path.join(folder.path, "tools");
  await mkdir(tools);
  const git = execFileSync("sh", ["-c", "command -v git"], { encoding: "utf8" }).trim();
  await writeFile(`${tools}/git`, `#!/bin/sh\nprintf '%s\\n' "$*" >>'${log}'\nexec '${git}' "$@"\n`, { mode: 0o755 });
  const options: Partial<PackageOptions> = {
    env: { ...env, PATH: `${tools}:${env["PATH"]}` },
    cacheDirectory: path.join(folder.path, "cache"),
    clock: fakeClock(new Date(Date.now() + 3_600_000)),
  };
  const first = await pack(top, options);
  return {
    top,
    first,
    /** Packages again, and tells which of the two lists git was asked for. */
    async again(cwd = top) {
      await writeFile(log, "");
      const { digest, manifest } = await pack(cwd, options);
      const asked = await readFile(log, "utf8");
      return { digest, manifest, asked: ["ls-files", "diff-files"].filter((word) => asked.includes(` ${word} `)) };
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

test.concurrent("while git's index is the same, git tells what has changed, and nothing is listed anew", async () => {
  await using packaged = await openPackaged();
  const { digest, manifest } = packaged.first;
  expect(await packaged.again()).toEqual({ digest, manifest, asked: ["diff-files"] });
  expect(await packaged.again(`${packaged.top}/b`)).toEqual({ digest, manifest, asked: ["diff-files"] });
});

test("git vouches for a file whose last change was in a second before that in which the index was written", () => {
  const names = ["changed", "old", "young"];
  const table = createTable(names.length, names.join("-").length + 1);
  table.names.write(names.map((name) => `${name}\0`).join(""));
  table.starts.set([0, 8, 12, 18]);
  table.kinds.fill(rowKinds.file);
  const [ctimes, stampOf] = [[7_900, 7_900, 8_001], (ctimeMs: number) => [1, 5_000, ctimeMs, 9]];
  table.stamps.set(ctimes.flatMap(stampOf));
  const index = { sha256: "0".repeat(64), mtimeMs: 8_999 };
  const recalled = recallTable({ ...table, readSinceMs: 20_000, index }, Buffer.from("changed\0"));
  expect([...recalled.read]).toEqual([0, 1, 0]);
  expect([...recalled.stamps]).toEqual([0, 0, 0, 0, ...stampOf(7_900), 0, 0, 0, 0]);
  // Nor where it was read right after it had changed.
  expect([...recallTable({ ...table, readSinceMs: 9_900, index }, Buffer.alloc(0)).read]).toEqual([0, 0, 0]);
});

describe.concurrent("what is changed is packaged as it lies on disk, whatever git makes of it:", () => {
  test.each<readonly [string, (top: string) => Promise<unknown>]>([
    ["content of the same size, with the same time of modification", (top) => rewrite(`${top}/a.txt`, "two\n")],
    ["other ends of lines, which are the same to git", (top) => writeFile(`${top}/crlf.txt`, "line\r\n")],
    ["an exec bit", (top) => chmod(`${top}/b/d.txt`, 0o755)],
    ["a link in place of a file", (top) => replace(`${top}/b/d.txt`, "c.sh")],
    ["another link", (top) => replace(`${top}/link`, "crlf.txt")],
    ["a file in place of another", (top) => rename(`${top}/b/d.txt`, `${top}/a.txt`)],
    ["a deleted file", (top) => unlink(`${top}/a.txt`)],
    ["a link in place of a folder", (top) => rename(`${top}/b`, `${top}/e`).then(() => symlink("e", `${top}/b`))],
    ["a deleted folder", (top) => rm(`${top}/b`, { recursive: true })],
  ])("%s", async (_what, change) => {
    await using packaged = await openPackaged();
    await change(packaged.top);
    const expected = await pack(packaged.top);
    const { digest, manifest } = await packaged.again();
    expect({ digest, manifest }).toEqual({ digest: expected.digest, manifest: expected.manifest });
    expect(digest).not.toBe(packaged.first.digest);
  });
});

async function rewrite(file: string, content: string): Promise<void> {
  const time = new Date(1_000_000_000_000);
  await utimes(file, time, time);
  await writeFile(file, content);
  await utimes(file, time, time);
}

async function replace(file: string, target: string): Promise<void> {
  await unlink(file);
  await symlink(target, file);
}

test.concurrent.each<readonly [string, (top: string) => Promise<unknown>]>([
  ["another file is tracked", (top) => writeFile(`${top}/new`, "").then(() => runGit(top, ["add", "new"]))],
  ["a file is marked assume-unchanged", (top) => runGit(top, ["update-index", "--assume-unchanged", "a.txt"])],
  ["a file is tracked no more", (top) => runGit(top, ["rm", "-q", "--cached", "a.txt"])],
])("when %s, git lists anew", async (_what, change) => {
  await using packaged = await openPackaged();
  await change(packaged.top);
  expect(await packaged.again()).toMatchObject({ digest: (await pack(packaged.top)).digest, asked: ["ls-files"] });
});

test.concurrent("settings that make git look less closely do not count", async () => {
  await using packaged = await openPackaged();
  for (const setting of ["core.trustctime=false", "core.checkStat=minimal", "core.fsmonitor=true"]) {
    await runGit(packaged.top, ["config", ...setting.split("=")]);
  }
  await rewrite(`${packaged.top}/a.txt`, "two\n");
  const { digest, asked } = await packaged.again();
  expect({ digest, asked }).toEqual({ digest: (await pack(packaged.top)).digest, asked: ["diff-files"] });
});

test.concurrent("a filter that was configured since is not run", async () => {
  await using packaged = await openPackaged();
  const { top } = packaged;
  await runGit(top, ["config", "filter.trap.clean", `touch '${top}/trapped'; cat`]);
  await appendFile(`${top}/.git/info/attributes`, "* filter=trap\n");
  await rewrite(`${top}/a.txt`, "two\n");
  expect((await packaged.again()).asked).toEqual(["diff-files"]);
  await expect(readFile(`${top}/trapped`)).rejects.toThrow("ENOENT");
});
