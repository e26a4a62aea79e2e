import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, utimes, writeFile } from "node:fs/promises";

import { gitRepository, runGit, snapshot, temporaryDirectory, writeFiles } from "@slipway/testing";
import { expect, test } from "vitest";

import { explainListing, explainSubmodules, writeArchive } from "../src/index.ts";
import {
  env,
  execFileAsync,
  extract,
  extractors,
  installedPython,
  list,
  pack,
  paths,
  script,
  tarOf,
  text,
} from "./helpers.ts";
import { asSomebodyElse, companionAt, innerPath, moveInner, submodulePaths, withSubmodules } from "./peers.ts";

// Defects that a peer has, by their numbers in the research on it.

const gnuTar = extractors["GNU tar"];

test("W-P1: six processes that package one repository with submodules at once all ship the whole of it", async () => {
  await using folder = await temporaryDirectory();
  const { path } = await withSubmodules(folder.path);
  const before = await snapshot(path);
  const file = await script(
    folder.path,
    `const bundle = await packager.packBundle({ cwd: ${JSON.stringify(path)}, env: ${JSON.stringify(env)} });
     await packager.writeArchive(bundle, process.argv[2]);`,
  );
  const archives = Array.from({ length: 6 }, (_, n) => `${folder.path}/${n}.tar.gz`);
  await Promise.all(archives.map((archive) => execFileAsync(process.execPath, [file, archive])));
  const whole = `${folder.path}/alone.tar.gz`;
  await writeArchive(await pack(path), whole);
  const listed = (await execFileAsync("tar", ["-tzf", whole])).stdout.trim().split("\n");
  expect(listed).toEqual(submodulePaths);
  const contents = await Promise.all([whole, ...archives].map((archive) => readFile(archive, "base64")));
  expect(new Set(contents).size).toBe(1);
  expect(await snapshot(path)).toEqual(before);
});

test("W-P2: a submodule of a submodule lies at its full path", async () => {
  await using folder = await temporaryDirectory();
  const { path } = await withSubmodules(folder.path);
  await extract(await tarOf(await pack(path)), gnuTar, `${folder.path}/out`);
  expect(await readFile(`${folder.path}/out/${innerPath}/inner.txt`, "utf8")).toBe("inner v1\n");
  expect(existsSync(`${folder.path}/out/deps`)).toBe(false);
});

test("W-P3: a tar that a crash left in a submodule is not merged into what a later commit ships", async () => {
  await using folder = await temporaryDirectory();
  const { path } = await withSubmodules(folder.path);
  const inner = `${path}/${innerPath}`;
  const v1 = (await runGit(inner, ["rev-parse", "HEAD"])).trim();
  await runGit(inner, ["archive", "--format=tar", `--output=${inner}/${v1}.tmp`, v1]);
  await moveInner(path);
  expect(await paths(path)).toEqual(submodulePaths.filter((name) => !name.endsWith("/gone.txt")));
  expect(existsSync(`${inner}/${v1}.tmp`)).toBe(true);
});

test("W-P4: a packaged commit has its submodules at the commits that it records; of tracked files both commits are told", async () => {
  await using folder = await temporaryDirectory();
  const { path } = await withSubmodules(folder.path);
  const { digest } = await pack(path);
  await moveInner(path);
  const commit = await pack(path, { code: { kind: "commit", allowDirty: true } });
  expect(commit.digest).toBe(digest);
  const inner = explainSubmodules(await list(path)).find((submodule) => submodule.path === innerPath);
  const [checkedOut, recorded] = (await runGit(`${path}/${innerPath}`, ["rev-parse", "HEAD", "HEAD~1"])).split("\n");
  expect(inner).toEqual({ path: innerPath, recorded, commit: checkedOut, state: "moved", dirty: false });
});

test("W-P5: a symlink survives being packed, sent as the store's tar, and unpacked, also a dangling one", async () => {
  await using folder = await temporaryDirectory();
  const files = { "real.txt": "real\n", link: { symlink: "real.txt" }, "sub/dangling": { symlink: "../nowhere" } };
  const { path } = await gitRepository(`${folder.path}/mine`, { files });
  const bundle = await pack(path);
  const sent = await tarOf(bundle, { prefix: "tree", readOnly: true, manifestName: "manifest" });
  await extract(sent, gnuTar, `${folder.path}/out`);
  await gitRepository(`${folder.path}/out/tree`);
  await runGit(`${folder.path}/out/tree`, ["add", "-A"]);
  const modes = await runGit(`${folder.path}/out/tree`, ["ls-files", "--format=%(objectmode) %(path)"]);
  expect(modes).toBe("120000 link\n100644 real.txt\n120000 sub/dangling\n");
  expect((await pack(`${folder.path}/out/tree`)).digest).toBe(bundle.digest);
});

test("W-P6: an archive of that name that was cut short, or holds something else, is not taken for the bundle", async () => {
  await using folder = await temporaryDirectory();
  const { path } = await gitRepository(`${folder.path}/mine`, { files: { "a.txt": "a\n" } });
  const archive = `${folder.path}/code.tar.gz`;
  await writeArchive(await pack(path), archive);
  const whole = await readFile(archive);
  for (const found of [whole.subarray(0, 40), Buffer.alloc(0), Buffer.from("something else")]) {
    await writeFile(archive, found);
    await writeArchive(await pack(path), archive);
    expect(await readFile(archive)).toEqual(whole);
  }
  expect((await readdir(folder.path)).toSorted()).toEqual(["code.tar.gz", "mine"]);
});

test("W-P7: an include without a match, a companion that vanished and an unreadable file are errors; ** means any depth", async () => {
  await using folder = await temporaryDirectory();
  const { path } = await gitRepository(`${folder.path}/mine`, { files: { "a.py": "", ".gitignore": "*.jsonl\n" } });
  await expect(pack(path, { include: ["nowhere/*"] })).rejects.toMatchObject({
    code: "PACKAGER_INCLUDE_MATCHES_NOTHING",
  });
  const companions = [companionAt("acme", `${folder.path}/vanished`)];
  await expect(pack(path, { companions })).rejects.toMatchObject({ code: "PACKAGER_COMPANION_NOT_FOUND" });
  await writeFiles(path, { "d/0.jsonl": "", "d/1/2/3.jsonl": "", "d/1/link.jsonl": { symlink: "2/3.jsonl" } });
  expect(await paths(path, { include: ["d/**/*.jsonl"] })).toEqual([
    ".gitignore",
    "a.py",
    "d/0.jsonl",
    "d/1/2/3.jsonl",
    "d/1/link.jsonl",
  ]);
  await chmod(`${path}/d/0.jsonl`, 0o000);
  const told = await asSomebodyElse(
    folder.path,
    `await packager.packBundle({ cwd: ${JSON.stringify(path)}, env, include: ["d"] }).catch(({ code }) => console.log(code));`,
  );
  expect(told).toBe("PACKAGER_UNREADABLE_FILE\n");
});

test("W-P8: a companion in a repository of its own takes its own directory, no file of yours, nothing above it, and no secret", async () => {
  await using folder = await temporaryDirectory();
  const { path } = await gitRepository(`${folder.path}/mine`, { files: { "README.md": "mine" } });
  await gitRepository(`${folder.path}/lib`, { files: { "README.md": "lib", "src/README.md": "src" } });
  const fromRepository = { companions: [companionAt("acme", `${folder.path}/lib/src`)] };
  const bundle = await pack(path, fromRepository);
  await extract(await tarOf(bundle), gnuTar, `${folder.path}/out`);
  expect(bundle.listing.files.map((file) => text(file.path))).toEqual(["README.md", "acme/README.md"]);
  expect(await readFile(`${folder.path}/out/README.md`, "utf8")).toBe("mine");
  expect(await readFile(`${folder.path}/out/acme/README.md`, "utf8")).toBe("src");
  await writeFiles(`${folder.path}/plain`, { "x.py": "", "conf/.env": "PASSWORD=hunter2\n" });
  await expect(pack(path, { companions: [companionAt("plain", `${folder.path}/plain`)] })).rejects.toMatchObject({
    code: "PACKAGER_SECRET",
    message: expect.stringContaining("plain/conf/.env") as string,
  });
});

test("W-P9: a file of yours that is named like forty hex digits and .tmp is packaged and stays", async () => {
  await using folder = await temporaryDirectory();
  const name = `${"0123456789abcdef0123".repeat(2)}.tmp`;
  const { path } = await gitRepository(`${folder.path}/mine`, { files: { [name]: "not a tar" } });
  const before = await snapshot(path);
  const bundle = await pack(path);
  await writeArchive(bundle, `${folder.path}/x.tar.gz`);
  expect(bundle.manifest.entries.map((entry) => text(entry.path))).toEqual([name]);
  expect(await snapshot(path)).toEqual(before);
});

test("W-P10: spaces in paths do no harm, and nothing that a path or name says is executed", async () => {
  await using folder = await temporaryDirectory();
  const odd = "a b$(touch pwned)`touch pwned`;touch pwned";
  const home = `${folder.path}/home ${odd}`;
  const { path } = await gitRepository(`${folder.path}/${odd}`, { files: { [`${odd}.txt`]: "x", [`-${odd}`]: "y" } });
  const options = { env: { ...env, HOME: home }, cacheDirectory: `${home}/cache` };
  const bundle = await pack(path, options);
  await mkdir(`${home}/out`);
  await writeArchive(bundle, `${home}/out/${odd}.tar.gz`);
  expect(bundle.manifest.entries.map((entry) => text(entry.path))).toEqual([`-${odd}`, `${odd}.txt`]);
  const everything = Object.keys(await snapshot(folder.path));
  expect([existsSync("pwned"), ...everything.filter((name) => /(?:^|\/)pwned$/.test(name))]).toEqual([false]);
});

test("W-P11: a touched file is clean, untracked files are told, a repository without a commit works, and an edit can be shipped", async () => {
  await using folder = await temporaryDirectory();
  const { path, ...repository } = await gitRepository(`${folder.path}/mine`, { files: { "a.py": "one\n" } });
  await utimes(`${path}/a.py`, 5, 5);
  await writeFiles(path, { "u.py": "" });
  const clean = await pack(path, { code: { kind: "commit" } });
  expect([clean.source.dirty, clean.listing.untracked.map(text)]).toEqual([false, ["u.py"]]);
  await writeFiles(path, { "a.py": "two\n" });
  const edited = await pack(path);
  expect([edited.source.dirty, edited.listing.dirtyFiles.map(text)]).toEqual([true, ["a.py"]]);
  expect((await tarOf(edited)).includes("two\n")).toBe(true);
  expect(edited.source.patch).toContain("+two\n");
  await repository.git("update-ref", "-d", "HEAD");
  expect((await pack(path)).digest).toBe(edited.digest);
});

test("W-P12: tracked files that are marked export-ignore are packaged, unless it is asked to leave them out", async () => {
  await using folder = await temporaryDirectory();
  const files = { ".gitattributes": "tests export-ignore\n", "tests/x.py": "", "run.py": "" };
  const { path } = await gitRepository(folder.path, { files });
  for (const code of [undefined, { kind: "commit" }] as const) {
    expect(await paths(path, { code })).toEqual([".gitattributes", "run.py", "tests/x.py"]);
    expect(await paths(path, { code, exportIgnore: true })).toEqual([".gitattributes", "run.py"]);
  }
});

test("W-P13: a companion's repository is packaged from a working directory that is in none", async () => {
  await using folder = await temporaryDirectory();
  await gitRepository(`${folder.path}/lib`, { files: { "x.py": "" } });
  await writeFiles(`${folder.path}/lib`, { "untracked.py": "" });
  await mkdir(`${folder.path}/work`);
  expect(await paths(`${folder.path}/work`, { companions: [companionAt("lib", `${folder.path}/lib`)] })).toEqual([
    "lib/x.py",
  ]);
});

test.skipIf(!existsSync("/proc/self/io"))(
  "W-P14: the archive is written once and nothing else is, and each content is read twice at most",
  async () => {
    await using folder = await temporaryDirectory();
    const megabyte = 1_000_000;
    const noise = randomBytes(20 * megabyte); // It cannot be compressed: a copy of it would show.
    const { path } = await gitRepository(`${folder.path}/mine`, { files: { noise } });
    const body = `
      import { readFileSync } from "node:fs";
      const count = (name) => Number(new RegExp(name + ": (\\\\d+)").exec(readFileSync("/proc/self/io", "utf8"))[1]);
      const options = { cwd: ${JSON.stringify(path)}, env: ${JSON.stringify({ ...env, TMPDIR: "/nonexistent" })} };
      const [read, written] = [count("rchar"), count("wchar")];
      const bundle = await packager.packBundle(options);
      const { bytes } = await packager.writeArchive(bundle, ${JSON.stringify(`${folder.path}/out/x.tar.gz`)});
      console.log(JSON.stringify({ read: count("rchar") - read, written: count("wchar") - written, bytes }));`;
    await mkdir(`${folder.path}/out`);
    const { stdout } = await execFileAsync(process.execPath, [await script(folder.path, body)]);
    const counted: unknown = JSON.parse(stdout);
    expect(counted).toEqual({
      read: expect.toSatisfy((read: number) => read < 2 * noise.length + 10 * megabyte) as number,
      written: expect.toSatisfy((written: number) => written < noise.length + 2 * megabyte) as number,
      bytes: expect.toSatisfy((bytes: number) => bytes > noise.length - megabyte) as number,
    });
    expect(await readdir(`${folder.path}/out`)).toEqual(["x.tar.gz"]);
  },
);

test("W-P15: one commit always has the same digest and the same archive, byte for byte, wherever and whenever it is packaged", async () => {
  await using folder = await temporaryDirectory();
  const files = { "a.py": "a\n", run: { content: "#!/bin/sh\n", mode: 0o755 }, link: { symlink: "a.py" } };
  const { path } = await gitRepository(`${folder.path}/mine`, { files });
  await runGit(folder.path, ["clone", "-q", path, `${folder.path}/clone`]);
  await utimes(`${folder.path}/clone/a.py`, 1_000_000, 1_000_000);
  const digests = new Set<string>();
  const archives = new Set<string>();
  for (const top of [path, path, `${folder.path}/clone`]) {
    for (const code of [undefined, { kind: "commit" }] as const) {
      const bundle = await pack(top, { code });
      await writeArchive(bundle, `${folder.path}/x.tar.gz`);
      digests.add(bundle.digest);
      archives.add(await readFile(`${folder.path}/x.tar.gz`, "base64"));
    }
  }
  expect([digests.size, archives.size]).toEqual([1, 1]);
});

test("W-P16: a repository that may not be written to is packaged, by somebody else, and stays as it was", async () => {
  await using folder = await temporaryDirectory();
  const { path } = await withSubmodules(folder.path);
  const { digest } = await pack(path);
  await execFileAsync("chmod", ["-R", "a-w", path]);
  const before = await snapshot(path);
  const body = `for (const code of [{ kind: "tracked" }, { kind: "commit" }]) {
    const bundle = await packager.packBundle({ cwd: ${JSON.stringify(path)}, env, code, exportIgnore: true });
    console.log(bundle.digest);
  }`;
  expect(await asSomebodyElse(folder.path, body)).toBe(`${digest}\n${digest}\n`);
  expect(await snapshot(path)).toEqual(before);
});

test("W-P17: code outside of any repository has a limit, an ignore file and a preview", async () => {
  await using folder = await temporaryDirectory();
  const files = { "acme/run.py": "", "acme/eval.bin": Buffer.alloc(2_000_000), "acme/data/x.jsonl": "{}" };
  const site = await installedPython(`${folder.path}/site`, "acme", files);
  await mkdir(`${folder.path}/work`);
  const options = { companions: [site.companion], env: site.env, maxBytes: 1_000_000 };
  await expect(pack(`${folder.path}/work`, options)).rejects.toMatchObject({
    code: "PACKAGER_TOO_LARGE",
    details: { biggest: expect.arrayContaining([{ path: "acme/eval.bin", size: 2_000_000 }]) as unknown },
  });
  await writeFiles(`${folder.path}/work`, { ".slipwayignore": "*.bin\n" });
  expect(explainListing(await list(`${folder.path}/work`, options))).toEqual([
    { path: "acme/data/x.jsonl", kept: true, why: "companion acme", size: 2 },
    { path: "acme/eval.bin", kept: false, why: ".slipwayignore: *.bin" },
    { path: "acme/run.py", kept: true, why: "companion acme", size: 0 },
  ]);
  expect((await pack(`${folder.path}/work`, options)).manifest.files).toBe(2);
});
