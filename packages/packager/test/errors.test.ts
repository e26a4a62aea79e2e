import { chmod, mkdir, rm, symlink, writeFile } from "node:fs/promises";

import { gitRepository, temporaryDirectory, writeFiles } from "@slipway/testing";
import { expect, test } from "vitest";

import { locateCompanion, writeArchive } from "../src/index.ts";
import type { PackagerErrorCode } from "../src/index.ts";
import { env, execFileAsync, installedPython, list, pack, script, tarOf } from "./helpers.ts";

function error(code: PackagerErrorCode, message: RegExp, hint = /./) {
  return {
    code,
    message: expect.stringMatching(message) as string,
    hint: expect.stringMatching(hint) as string,
  };
}

test("outside of any repository and without a companion there are two ways out", async () => {
  await using folder = await temporaryDirectory();
  await expect(list(folder.path)).rejects.toMatchObject(
    error("PACKAGER_NOT_A_REPOSITORY", new RegExp(folder.path), /git init.*companion/),
  );
});

test("a repository in which nothing is tracked says to git add; what is added is packaged without a commit", async () => {
  await using folder = await temporaryDirectory();
  const repository = await gitRepository(folder.path);
  await writeFiles(folder.path, { "a.py": "" });
  await expect(list(folder.path)).rejects.toMatchObject(error("PACKAGER_EMPTY", /tracks no file/, /git add/));
  await repository.git("add", "a.py");
  const bundle = await pack(folder.path);
  expect(bundle.manifest.files).toBe(1);
  expect(bundle.source).toEqual({ rule: 1, root: folder.path, branch: "main", dirty: true });
});

test("an exclude that leaves nothing is refused", async () => {
  await using folder = await temporaryDirectory();
  await gitRepository(folder.path, { files: { "a.py": "" } });
  await expect(list(folder.path, { exclude: ["**"] })).rejects.toMatchObject(
    error("PACKAGER_EMPTY", /nothing to package/),
  );
});

test("a bare repository and git's own folder have nothing to package", async () => {
  await using folder = await temporaryDirectory();
  const repository = await gitRepository(`${folder.path}/bare`, { initArguments: ["--bare"] });
  await repository.git("rev-parse", "--is-bare-repository");
  await expect(list(`${folder.path}/bare`)).rejects.toMatchObject(error("PACKAGER_BARE_REPOSITORY", /bare/));
  await gitRepository(`${folder.path}/mine`, { files: { a: "" } });
  await expect(list(`${folder.path}/mine/.git`)).rejects.toMatchObject(
    error("PACKAGER_BARE_REPOSITORY", /inside git's own folder/),
  );
});

test("a broken repository is not taken for no repository", async () => {
  await using folder = await temporaryDirectory();
  await writeFile(`${folder.path}/.git`, "gitdir: /nowhere/at/all\n");
  await expect(list(folder.path)).rejects.toMatchObject(error("PACKAGER_GIT_FAILED", /nowhere/));
});

test("unmerged files are refused by name", async () => {
  await using folder = await temporaryDirectory();
  const repository = await gitRepository(folder.path, { files: { "a.py": "one\n", "b.py": "" } });
  await repository.git("checkout", "-q", "-b", "other");
  await writeFiles(folder.path, { "a.py": "two\n" });
  await repository.git("commit", "-qam", "two");
  await repository.git("checkout", "-q", "main");
  await writeFiles(folder.path, { "a.py": "three\n" });
  await repository.git("commit", "-qam", "three");
  await expect(repository.git("merge", "-q", "other")).rejects.toThrow(/CONFLICT|Command failed/);
  await expect(list(folder.path)).rejects.toMatchObject(error("PACKAGER_UNMERGED", /unmerged files: a\.py$/));
});

test("a companion that is a file in the repository is a clash, tracked or not", async () => {
  await using folder = await temporaryDirectory();
  await gitRepository(folder.path, { files: { "main.py": "", real: { symlink: "main.py" } } });
  await writeFiles(folder.path, { acme: "untracked" });
  for (const name of ["main.py", "acme", "real"]) {
    const companions = [{ name, source: { kind: "python", module: "json" } }] as const;
    await expect(list(folder.path, { companions })).rejects.toMatchObject(
      error("PACKAGER_CLASH", new RegExp(`has a file ${name}`)),
    );
  }
});

test("two companions of one name are a clash", async () => {
  await using folder = await temporaryDirectory();
  await gitRepository(folder.path, { files: { "main.py": "" } });
  const companions = [
    { name: "x", source: { kind: "python", module: "json" } },
    { name: "x", source: { kind: "python", module: "email" } },
  ] as const;
  await expect(list(folder.path, { companions })).rejects.toMatchObject(error("PACKAGER_CLASH", /called x/));
});

test("a companion that is not installed names the interpreter that was asked", async () => {
  await using folder = await temporaryDirectory();
  const options = { cwd: folder.path, env };
  const missing = { name: "acme", source: { kind: "python", module: "acme_is_nowhere" } } as const;
  await expect(locateCompanion(missing, options)).rejects.toMatchObject(
    error("PACKAGER_COMPANION_NOT_FOUND", /python3 \(\/.*\) has no module acme_is_nowhere/, /pip install/),
  );
  const noPython = { ...missing, source: { ...missing.source, interpreter: "python-that-is-not-there" } };
  await expect(locateCompanion(noPython, options)).rejects.toMatchObject(
    error("PACKAGER_COMPANION_NOT_FOUND", /Cannot run the Python interpreter python-that-is-not-there \(ENOENT\)/),
  );
  const noAnswer = { ...missing, source: { ...missing.source, interpreter: "false" } };
  await expect(locateCompanion(noAnswer, options)).rejects.toMatchObject(
    error("PACKAGER_COMPANION_NOT_FOUND", /false did not say where acme_is_nowhere is \(exit code 1\)/),
  );
  const noPackage = { name: "x", source: { kind: "npm", package: "not-there" } } as const;
  await expect(locateCompanion(noPackage, options)).rejects.toMatchObject(
    error("PACKAGER_COMPANION_NOT_FOUND", /no node_modules of .* holds not-there/),
  );
  const noDirectory = { name: "x", source: { kind: "path", directory: `${folder.path}/not-there` } } as const;
  await expect(locateCompanion(noDirectory, options)).rejects.toMatchObject(
    error("PACKAGER_COMPANION_NOT_FOUND", /not-there does not exist/),
  );
});

test("a companion that is a single file, or built in, is refused", async () => {
  await using folder = await temporaryDirectory();
  const single = await installedPython(folder.path, "single", { "single.py": "" });
  await expect(locateCompanion(single.companion, { cwd: "/", env: single.env })).rejects.toMatchObject(
    error("PACKAGER_COMPANION_IS_A_FILE", /single\.py/),
  );
  const builtIn = { name: "sys", source: { kind: "python", module: "sys" } } as const;
  await expect(locateCompanion(builtIn, { cwd: "/", env })).rejects.toMatchObject(
    error("PACKAGER_COMPANION_IS_A_FILE", /sys/),
  );
  const file = { name: "x", source: { kind: "path", directory: `${folder.path}/single.py` } } as const;
  await expect(locateCompanion(file, { cwd: "/", env })).rejects.toMatchObject(
    error("PACKAGER_COMPANION_IS_A_FILE", /single\.py/),
  );
});

test("a namespace package in several directories needs the user's word", async () => {
  await using folder = await temporaryDirectory();
  await writeFiles(folder.path, { "one/space/a.py": "", "two/space/b.py": "" });
  const companion = { name: "space", source: { kind: "python", module: "space" } } as const;
  const twoPlaces = { ...env, PYTHONPATH: `${folder.path}/one:${folder.path}/two` };
  await expect(locateCompanion(companion, { cwd: "/", env: twoPlaces })).rejects.toMatchObject(
    error("PACKAGER_COMPANION_NOT_FOUND", /several directories: .*one\/space, .*two\/space/, /path/),
  );
});

test("names that lead somewhere else are refused before anything is looked up", async () => {
  const name = (value: string) => ({ name: value, source: { kind: "path", directory: "/" } }) as const;
  for (const value of ["", ".", "..", ".git", "a/b", "../x"]) {
    await expect(locateCompanion(name(value), { cwd: "/", env })).rejects.toMatchObject({ code: "PACKAGER_BAD_NAME" });
  }
  const dotted = { name: "x", source: { kind: "python", module: "os.path" } } as const;
  await expect(locateCompanion(dotted, { cwd: "/", env })).rejects.toMatchObject(
    error("PACKAGER_BAD_NAME", /os\.path/, /execute/),
  );
  const escaping = { name: "x", source: { kind: "npm", package: "../../etc" } } as const;
  await expect(locateCompanion(escaping, { cwd: "/", env })).rejects.toMatchObject({ code: "PACKAGER_BAD_NAME" });
});

test("an include that matches nothing is refused, also one that names an empty or a linked directory", async () => {
  await using folder = await temporaryDirectory();
  await gitRepository(folder.path, { files: { "a.py": "", "real/x": "" } });
  await mkdir(`${folder.path}/empty`);
  await symlink("real", `${folder.path}/linked`);
  for (const pattern of ["no/**", "empty", "*.txt", "linked/x", ".git/config"]) {
    await expect(list(folder.path, { include: [pattern] })).rejects.toMatchObject(
      error("PACKAGER_INCLUDE_MATCHES_NOTHING", new RegExp(JSON.stringify(pattern).replaceAll("*", "\\*"))),
    );
  }
});

test("a pattern that leads out of the root is refused", async () => {
  await using folder = await temporaryDirectory();
  await gitRepository(folder.path, { files: { "a.py": "" } });
  for (const pattern of ["/etc/passwd", "../x", "a/../../b", "", "./"]) {
    await expect(list(folder.path, { include: [pattern] })).rejects.toMatchObject({ code: "PACKAGER_BAD_PATTERN" });
    await expect(list(folder.path, { exclude: [pattern] })).rejects.toMatchObject({ code: "PACKAGER_BAD_PATTERN" });
  }
});

test("a bundle over the limit names its ten biggest files", async () => {
  await using folder = await temporaryDirectory();
  const files = Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`f${n}`, "x".repeat(100 + n)]));
  await gitRepository(folder.path, { files });
  const failure = await pack(folder.path, { maxBytes: 1200 }).catch((thrown: unknown) => thrown);
  expect(failure).toMatchObject({
    code: "PACKAGER_TOO_LARGE",
    details: {
      bytes: 1266,
      maxBytes: 1200,
      biggest: [11, 10, 9, 8, 7, 6, 5, 4, 3, 2].map((n) => ({ path: `f${n}`, size: 100 + n })),
    },
  });
  expect(String(failure)).toContain("111 bytes  f11 (tracked)");
  expect((await pack(folder.path, { maxBytes: 1266 })).manifest.bytes).toBe(1266);
});

test("a file that may not be read is an error with its path", async () => {
  await using folder = await temporaryDirectory();
  await chmod(folder.path, 0o755);
  await gitRepository(`${folder.path}/mine`, { files: { "a.py": "" } });
  await chmod(`${folder.path}/mine/a.py`, 0o000);
  const file = await script(
    folder.path,
    `if (process.getuid?.() === 0) process.setuid(65534);
     const env = ${JSON.stringify(env)};
     const error = await packager.packBundle({ cwd: "${folder.path}/mine", env }).catch((thrown) => thrown);
     console.log(JSON.stringify([error.code, error.message]));`,
  );
  const { stdout } = await execFileAsync(process.execPath, [file]);
  expect(JSON.parse(stdout)).toEqual(["PACKAGER_UNREADABLE_FILE", `Cannot read ${folder.path}/mine/a.py (EACCES)`]);
});

test("a file that changes after it was packed ends the tar with an error, never with other bytes", async () => {
  await using folder = await temporaryDirectory();
  const changes = {
    "same size": () => writeFile(`${folder.path}/b`, "xyz"),
    longer: () => writeFile(`${folder.path}/b`, "abcdef"),
    shorter: () => writeFile(`${folder.path}/b`, "a"),
    gone: () => rm(`${folder.path}/b`),
    "a link": async () => {
      await rm(`${folder.path}/b`);
      await symlink("a", `${folder.path}/b`);
    },
    "a pipe": async () => {
      await rm(`${folder.path}/b`);
      await execFileAsync("mkfifo", [`${folder.path}/b`]);
    },
  };
  await gitRepository(folder.path, { files: { a: "abc", b: "abc" } });
  for (const change of Object.values(changes)) {
    await rm(`${folder.path}/b`, { force: true });
    await writeFile(`${folder.path}/b`, "abc");
    const bundle = await pack(folder.path);
    await change();
    await expect(tarOf(bundle)).rejects.toMatchObject(error("PACKAGER_CHANGED_WHILE_READING", /\/b changed/));
    await expect(writeArchive(bundle, `${folder.path}/out.tar.gz`)).rejects.toMatchObject({
      code: "PACKAGER_CHANGED_WHILE_READING",
    });
  }
});

test("an aborted signal ends everything with its reason", async () => {
  await using folder = await temporaryDirectory();
  await gitRepository(folder.path, { files: { a: "abc" } });
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(list(folder.path, { signal })).rejects.toThrow("enough");
  await expect(pack(folder.path, { signal })).rejects.toThrow("enough");
  const bundle = await pack(folder.path);
  await expect(writeArchive(bundle, `${folder.path}/x.tar.gz`, { signal })).rejects.toThrow("enough");
  const companion = { name: "json", source: { kind: "python", module: "json" } } as const;
  await expect(locateCompanion(companion, { cwd: "/", env, signal })).rejects.toThrow("enough");
});

test("without git on PATH a bare repository, unmerged files and a commit to package are refused just as well", async () => {
  await using folder = await temporaryDirectory();
  const withoutGit = { ...env, PATH: "/nonexistent" };
  await gitRepository(`${folder.path}/bare`, { initArguments: ["--bare"] });
  await expect(list(`${folder.path}/bare`, { env: withoutGit })).rejects.toMatchObject({
    code: "PACKAGER_BARE_REPOSITORY",
  });
  const { path, ...repository } = await gitRepository(`${folder.path}/mine`, { files: { "a.py": "one\n" } });
  await expect(list(path, { env: withoutGit, code: { kind: "commit" } })).rejects.toMatchObject(
    error("PACKAGER_NEEDS_GIT", /a commit is to be packaged/, /Install git/),
  );
  await expect(list(`${path}/.git`, { env: withoutGit })).rejects.toMatchObject({ code: "PACKAGER_BARE_REPOSITORY" });
  await repository.git("checkout", "-q", "-b", "other");
  await writeFiles(path, { "a.py": "two\n" });
  await repository.git("commit", "-qam", "two");
  await repository.git("checkout", "-q", "main");
  await writeFiles(path, { "a.py": "three\n" });
  await repository.git("commit", "-qam", "three");
  await expect(repository.git("merge", "-q", "other")).rejects.toThrow(/CONFLICT|Command failed/);
  await expect(list(path, { env: withoutGit })).rejects.toMatchObject({ code: "PACKAGER_UNMERGED" });
  await expect(list(folder.path, { env: withoutGit })).rejects.toMatchObject({ code: "PACKAGER_NOT_A_REPOSITORY" });
});
