import { spawn } from "node:child_process";
import { chmod, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";

import { gitRepository, runGit, snapshot, temporaryDirectory, writeFiles } from "@slipway/testing";
import { expect, test } from "vitest";

import { writeArchive } from "../src/index.ts";
import { env, execFileAsync, list, pack, paths, script, tarOf, text } from "./helpers.ts";

/** A repository with nested submodules, as W-P1 to W-P4 of the research on its peers need it. */
async function nested(folder: string) {
  await gitRepository(`${folder}/inner`, { files: { "inner.txt": "inner v1\n", "gone.txt": "x\n" } });
  await gitRepository(`${folder}/outer`, { files: { "outer.txt": "outer\n" } });
  await runGit(`${folder}/outer`, ["submodule", "--quiet", "add", `${folder}/inner`, "deps/inner"]);
  await runGit(`${folder}/outer`, ["commit", "-qm", "inner"]);
  const repository = await gitRepository(`${folder}/mine`, { files: { "a.txt": "a\n", "b/c.txt": "c\n" } });
  await repository.git("submodule", "--quiet", "add", `${folder}/outer`, "third_party/outer");
  await repository.git("submodule", "--quiet", "update", "--init", "--recursive");
  await repository.git("commit", "-qm", "outer");
  return repository;
}

const nestedPaths = [
  ".gitmodules",
  "a.txt",
  "b/c.txt",
  "third_party/outer/.gitmodules",
  "third_party/outer/deps/inner/gone.txt",
  "third_party/outer/deps/inner/inner.txt",
  "third_party/outer/outer.txt",
];

test("six packagings at once of one repository with submodules are six times the same, and leave nothing (W-P1, W-P2, W-P16)", async () => {
  await using folder = await temporaryDirectory();
  const { path } = await nested(folder.path);
  const before = await snapshot(path);
  const file = await script(
    folder.path,
    `const bundle = await packager.packBundle({ cwd: ${JSON.stringify(path)}, env: ${JSON.stringify(env)} });
     await packager.writeArchive(bundle, process.argv[2]);
     console.log(bundle.digest);`,
  );
  await mkdir(`${folder.path}/out`);
  const runs = Array.from({ length: 6 }, (_, n) =>
    execFileAsync(process.execPath, [file, `${folder.path}/out/${n}.tar.gz`]),
  );
  const digests = (await Promise.all(runs)).map(({ stdout }) => stdout.trim());
  const bundle = await pack(path);
  expect(digests).toEqual(Array.from({ length: 6 }, () => bundle.digest));
  expect(bundle.manifest.entries.map((entry) => text(entry.path))).toEqual(nestedPaths);
  const archives = await Promise.all(digests.map((_, n) => readFile(`${folder.path}/out/${n}.tar.gz`, "hex")));
  expect(new Set(archives).size).toBe(1);
  expect(await snapshot(path)).toEqual(before);
});

test("each submodule is recorded with the commit that is packaged and the one that its superproject names (W-P4)", async () => {
  await using folder = await temporaryDirectory();
  const { path } = await nested(folder.path);
  const inner = `${path}/third_party/outer/deps/inner`;
  const recorded = (await runGit(inner, ["rev-parse", "HEAD"])).trim();
  await writeFiles(inner, { "inner.txt": "inner v2\n" });
  await rm(`${inner}/gone.txt`);
  await runGit(inner, ["commit", "-qam", "v2"]);
  const commit = (await runGit(inner, ["rev-parse", "HEAD"])).trim();
  const { listing } = await pack(path);
  const outer = (await runGit(`${path}/third_party/outer`, ["rev-parse", "HEAD"])).trim();
  expect(listing.submodules.map((submodule) => ({ ...submodule, path: text(submodule.path) }))).toEqual([
    { path: "third_party/outer", recorded: outer, commit: outer, dirty: true },
    { path: "third_party/outer/deps/inner", recorded, commit, dirty: false },
  ]);
  expect(listing.dirtyFiles.map(text)).toEqual(["third_party/outer/deps/inner"]);
});

test("the recorded patch has the changes of submodules at their full paths: on a fresh clone it gives what was packaged", async () => {
  await using folder = await temporaryDirectory();
  const { path } = await nested(folder.path);
  const outer = `${path}/third_party/outer`;
  await writeFiles(path, { "a.txt": "a, edited\n" });
  await writeFiles(outer, { "outer.txt": "outer, edited\n", "with space.bin": "\u0000\u0001" });
  await runGit(outer, ["add", "-A"]);
  await writeFiles(`${outer}/deps/inner`, { "inner.txt": "committed\n" });
  await runGit(`${outer}/deps/inner`, ["commit", "-qam", "v2"]);
  await writeFiles(`${outer}/deps/inner`, { "inner.txt": "committed and edited\n" });
  await rm(`${outer}/deps/inner/gone.txt`);
  const bundle = await pack(path);
  expect(bundle.source.patch?.match(/^diff --git a\/.*$/gm)).toEqual([
    "diff --git a/a.txt b/a.txt",
    "diff --git a/third_party/outer/outer.txt b/third_party/outer/outer.txt",
    "diff --git a/third_party/outer/with space.bin b/third_party/outer/with space.bin",
    "diff --git a/third_party/outer/deps/inner/gone.txt b/third_party/outer/deps/inner/gone.txt",
    "diff --git a/third_party/outer/deps/inner/inner.txt b/third_party/outer/deps/inner/inner.txt",
  ]);

  const clone = `${folder.path}/clone`;
  await runGit(folder.path, ["clone", "-q", "--recurse-submodules", path, clone]);
  await writeFile(`${folder.path}/x.patch`, bundle.source.patch ?? "");
  await runGit(clone, ["apply", "--unsafe-paths", "--directory=.", `${folder.path}/x.patch`]);
  await runGit(`${clone}/third_party/outer`, ["add", "-A"]);
  expect((await pack(clone)).digest).toBe(bundle.digest);
});

test("what another tool's crash left in a submodule is not packaged, and stays (W-P3, W-P9)", async () => {
  await using folder = await temporaryDirectory();
  const { path, ...repository } = await nested(folder.path);
  const leftover = `${"a1b2c3d4e5".repeat(4)}.tmp`;
  await writeFiles(path, { [`third_party/outer/${leftover}`]: "stale", [leftover]: "mine, and tracked" });
  await repository.git("add", leftover);
  const listing = await list(path);
  expect(listing.files.map((file) => text(file.path))).toEqual([
    ".gitmodules",
    "a.txt",
    leftover,
    ...nestedPaths.slice(2),
  ]);
  expect(listing.untracked.map(text)).toEqual([`third_party/outer/${leftover}`]);
  expect(await readFile(`${path}/third_party/outer/${leftover}`, "utf8")).toBe("stale");
});

test("an archive that was cut short is not used again (W-P6), and one commit always gives the same bytes (W-P15)", async () => {
  await using folder = await temporaryDirectory();
  const { path } = await nested(folder.path);
  const archive = `${folder.path}/x.tar.gz`;
  await writeArchive(await pack(path), archive);
  const whole = await readFile(archive);
  await writeFile(archive, whole.subarray(0, 100));
  await writeArchive(await pack(path), archive);
  expect(await readFile(archive)).toEqual(whole);
});

test("export-ignore drops nothing (W-P12), and ** means any depth (W-P7)", async () => {
  await using folder = await temporaryDirectory();
  await gitRepository(folder.path, {
    files: { ".gitattributes": "tests export-ignore\n", "tests/x.py": "", ".gitignore": "*.jsonl\n" },
  });
  await writeFiles(folder.path, { "d/0.jsonl": "", "d/1/1.jsonl": "", "d/1/2/3/3.jsonl": "" });
  expect(await paths(folder.path, { include: ["d/**/*.jsonl"] })).toEqual([
    ".gitattributes",
    ".gitignore",
    "d/0.jsonl",
    "d/1/1.jsonl",
    "d/1/2/3/3.jsonl",
    "tests/x.py",
  ]);
});

test("variables that show git another repository are ignored, and told", async () => {
  await using folder = await temporaryDirectory();
  const mine = await gitRepository(`${folder.path}/mine`, { files: { "mine.txt": "" } });
  await gitRepository(`${folder.path}/other`, { files: { "other.txt": "" } });
  const misleading = {
    GIT_DIR: `${folder.path}/other/.git`,
    GIT_WORK_TREE: `${folder.path}/other`,
    GIT_INDEX_FILE: `${folder.path}/other/.git/index`,
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "core.worktree",
    GIT_CONFIG_VALUE_0: `${folder.path}/other`,
    GIT_LITERAL_PATHSPECS: "1",
    GIT_TRACE: `${folder.path}/trace`,
  };
  const listing = await list(mine.path, { env: { ...env, ...misleading } });
  expect(listing.files.map((file) => text(file.path))).toEqual(["mine.txt"]);
  expect(listing.warnings).toEqual([
    "Ignored in the environment: GIT_CONFIG_COUNT, GIT_CONFIG_KEY_0, GIT_CONFIG_VALUE_0, GIT_DIR, GIT_INDEX_FILE, GIT_WORK_TREE",
  ]);
  expect((await readdir(folder.path)).toSorted()).toEqual(["mine", "other"]);
});

test.skipIf(process.getuid?.() !== 0)(
  "a repository of another owner is read, and one that cannot be written to",
  async () => {
    await using folder = await temporaryDirectory();
    const mine = await gitRepository(`${folder.path}/mine`, { files: { "a.txt": "a\n" } });
    await execFileAsync("chown", ["-R", "12345:12345", mine.path]);
    await execFileAsync("chmod", ["-R", "a-w", mine.path]);
    expect(await paths(mine.path)).toEqual(["a.txt"]);
    await chmod(folder.path, 0o755);
    const file = await script(
      folder.path,
      `process.setuid(65534);
     const bundle = await packager.packBundle({ cwd: "${mine.path}", env: ${JSON.stringify(env)} });
     console.log(bundle.digest, bundle.source.dirty);`,
    );
    const { stdout } = await execFileAsync(process.execPath, [file]);
    expect(stdout).toBe(`${(await pack(mine.path)).digest} false\n`);
  },
);

test(
  "killed at any moment, packaging leaves the repository as it was and no wrong archive",
  { timeout: 240_000 },
  async () => {
    await using folder = await temporaryDirectory();
    const { path } = await nested(folder.path);
    await writeFiles(path, { "a.txt": "edited\n" });
    const [before, bundle] = [await snapshot(path), await pack(path)];
    const whole = await tarOf(bundle);
    const kills = Number(process.env["SLIPWAY_TEST_KILLS"] ?? 40);
    const options = { cwd: path, env, cacheDirectory: `${folder.path}/cache` };
    const file = await script(
      folder.path,
      `process.send("ready");
     const bundle = await packager.packBundle(${JSON.stringify(options)});
     await packager.writeArchive(bundle, ${JSON.stringify(`${folder.path}/x.tar.gz`)});
     process.send("done");`,
    );
    for (let kill = 0; kill < kills; kill++) {
      const child = spawn(process.execPath, [file], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
      const ended = new Promise((resolve) => child.on("exit", resolve));
      await new Promise((resolve) => child.once("message", resolve));
      const timer = setTimeout(() => child.kill("SIGKILL"), (kill * 97) % 80);
      await ended;
      clearTimeout(timer);
    }
    expect(await snapshot(path)).toEqual(before);
    const archive = await execFileAsync("gzip", ["-dc", `${folder.path}/x.tar.gz`], { encoding: "buffer" }).catch(
      () => undefined,
    );
    expect([undefined, whole.toString("hex")]).toContain(archive?.stdout.toString("hex"));
    expect((await pack(path, options)).digest).toBe(bundle.digest);
  },
);
