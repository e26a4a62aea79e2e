import { createHash } from "node:crypto";
import { existsSync, lstatSync, readFileSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";

import { runGit, snapshot, temporaryDirectory } from "@slipway/testing";
import { describe, expect, test } from "vitest";

import { env as withGit, pack, text } from "./helpers.ts";
import { states } from "./states.ts";
import type { RepositoryState } from "./states.ts";

const names = (stdout: string) => stdout.split("\0").filter((name) => name !== "");

function isDirectory(file: string): boolean {
  try {
    return statSync(file).isDirectory();
  } catch {
    return false; // Not there, or below a file.
  }
}

/** Names and modes of the index, submodules' at their full path: asked in another way than the packager does. */
async function trackedModes(top: string, prefix = ""): Promise<ReadonlyMap<string, string>> {
  const modes = new Map<string, string>();
  for (const line of names(await runGit(top, ["ls-files", "-z", "--format=%(objectmode) %(path)"]))) {
    const [mode, name] = [line.slice(0, 6), line.slice(7)];
    if (mode !== "160000") modes.set(prefix + name, mode);
    else if (existsSync(`${top}/${name}/.git`)) {
      for (const [inner, innerMode] of await trackedModes(`${top}/${name}`, `${prefix}${name}/`))
        modes.set(inner, innerMode);
    }
  }
  return modes;
}

/** What git tracks, with what lies on disk in its place. */
async function expectedFiles(top: string): Promise<readonly unknown[]> {
  const modes = await trackedModes(top);
  const fileMode = (await runGit(top, ["config", "core.fileMode"]).catch(() => "true")).trim() !== "false";
  const symlinks = (await runGit(top, ["config", "core.symlinks"]).catch(() => "true")).trim() !== "false";
  const tracked = [...modes.keys()];
  return tracked
    .map((name) => {
      const file = path.join(top, name);
      const isBelowFile = !isDirectory(path.dirname(file));
      const stat = isBelowFile ? undefined : lstatSync(file, { throwIfNoEntry: false });
      const isThere =
        stat !== undefined && realpathSync(path.dirname(file)) === path.join(realpathSync(top), path.dirname(name));
      if (!isThere || stat.isDirectory()) return undefined;
      if (stat.isSymbolicLink()) return { path: name, kind: "symlink", target: readlinkSync(file) };
      if (!symlinks && modes.get(name) === "120000") {
        return { path: name, kind: "symlink", target: readFileSync(file, "utf8") };
      }
      const isExecutable = fileMode ? (stat.mode & 0o100) !== 0 : modes.get(name) === "100755";
      const content = readFileSync(file);
      const sha256 = createHash("sha256").update(content).digest("hex");
      return { path: name, kind: "file", mode: isExecutable ? 0o755 : 0o644, size: content.length, sha256 };
    })
    .filter((file) => file !== undefined)
    .toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}

async function gitStatus(top: string) {
  const lines = names(
    await runGit(top, [
      "-c",
      "core.fsmonitor=false",
      "-c",
      "status.showUntrackedFiles=all",
      "status",
      "--porcelain",
      "-z",
      "--no-renames",
    ]),
  );
  const of = (isWanted: (code: string) => boolean) =>
    lines
      .filter((line) => isWanted(line.slice(0, 2)))
      .map((line) => line.slice(3))
      .toSorted();
  return { dirty: of((code) => code !== "??"), untracked: of((code) => code === "??") };
}

type Seen = Readonly<Record<string, string>>;

/** Without the times of files that git itself gives a new one whenever it reads them. */
function withoutFreshened(seen: Seen, freshened = /^(?!)/): Seen {
  const strip = ([name, facts]: readonly [string, string]) =>
    [name, freshened.test(name) ? facts.replace(/mtimeNs=\d+/, "") : facts] as const;
  return Object.fromEntries(Object.entries(seen).map(strip));
}

async function checkState(state: RepositoryState, folder: string, env: Readonly<Record<string, string | undefined>>) {
  const top = path.join(folder, "top");
  const beside = path.join(folder, "beside");
  await mkdir(beside);
  const git = (...args: readonly string[]) => runGit(top, args);
  await state.make({ top, beside, git });
  const before = withoutFreshened(await snapshot(folder), state.freshened);
  const bundle = await pack(path.join(top, state.cwd ?? ""), { env });
  expect(withoutFreshened(await snapshot(folder), state.freshened)).toEqual(before);
  expect(existsSync(`${beside}/was-run`)).toBe(false);

  const { listing } = bundle;
  expect(listing.root).toBe(realpathSync(top));
  const packed = bundle.manifest.entries.map((entry) =>
    entry.kind === "symlink"
      ? { path: text(entry.path), kind: entry.kind, target: text(entry.target) }
      : { ...entry, path: text(entry.path) },
  );
  expect(packed).toEqual(await expectedFiles(top));
  const status = await gitStatus(top);
  expect(listing.dirtyFiles.map(text).toSorted()).toEqual(state.dirty ?? status.dirty);
  expect(
    listing.untracked
      .map(text)
      .filter((name) => !name.startsWith("third_party/"))
      .toSorted(),
  ).toEqual(status.untracked);
  const commit = await runGit(top, ["rev-parse", "-q", "--verify", "HEAD"]).catch(() => undefined);
  const branch = await runGit(top, ["symbolic-ref", "-q", "--short", "HEAD"]).catch(() => undefined);
  expect({ commit: bundle.source.commit, branch: bundle.source.branch }).toEqual({
    commit: commit?.trim(),
    branch: branch?.trim(),
  });
  expect(listing.warnings.join("\n")).toMatch(state.warning ?? /^(?!.*(?:deleted|not checked out|not initialised))/s);
  return bundle;
}

describe("what is packaged agrees with git, and nothing is written, when a repository is in this state:", () => {
  for (const [name, state] of Object.entries(states)) {
    test(`${name}`, async () => {
      await using folder = await temporaryDirectory();
      expect((await checkState(state, folder.path, withGit)).digest).toMatch(/^[0-9a-f]{64}$/);
    });
  }
});

/** The states that cannot be read exactly without git, and why. */
const refusedWithoutGit: Readonly<Record<string, RegExp>> = {
  "a repository added as a link to its commit, without .gitmodules": /a submodule, embedded/,
  "a sparse checkout": /extensions\.worktreeconfig/,
  "a sparse index": /extensions\.worktreeconfig/,
  "an index of version 4": /its index is of a kind that only git reads/,
  "a split index": /its index is split/,
  "a split index with changes on top": /its index is split/,
  "an index without its checksum": /its index is of a kind that only git reads/,
  "objects named by SHA-256": /extensions\.objectformat/,
  "objects named by SHA-256, with a split index and an edit": /its index is split/,
  "a linked work tree": /its git folder lies elsewhere/,
  "a linked work tree, detached": /its git folder lies elsewhere/,
  "git's folder elsewhere": /its git folder lies elsewhere/,
  "a submodule": /a submodule, third_party\/outer/,
  "nested submodules": /a submodule, third_party\/outer/,
  "a submodule that is not initialised": /a submodule, third_party\/outer/,
  "a submodule edited inside": /a submodule, third_party\/outer/,
  "a submodule with untracked files": /a submodule, third_party\/outer/,
  "a submodule at another commit": /a submodule, third_party\/outer/,
  "inside a submodule": /its git folder lies elsewhere/,
  "line ends of another system (autocrlf=input)": /may convert a\.txt/,
  "line ends of another system (autocrlf=true)": /may convert a\.txt/,
  "attributes for line ends, ident and encoding": /may convert a\.txt/,
  "odd names": /its index is of a kind that only git reads/,
  "objects borrowed from another repository": /borrows objects/,
  "a replaced commit": /replaced commits/,
};

const withoutGit = { ...withGit, PATH: "/nonexistent" };

describe("without git on PATH, what is packaged agrees with git, and nothing is written, when a repository is in this state:", () => {
  for (const [name, state] of Object.entries(states).filter(([key]) => !(key in refusedWithoutGit))) {
    test(`${name}`, async () => {
      await using folder = await temporaryDirectory();
      expect((await checkState(state, folder.path, withoutGit)).digest).toMatch(/^[0-9a-f]{64}$/);
    });
  }
});

describe("without git on PATH, a repository is refused with the reason when it is in this state:", () => {
  for (const [name, reason] of Object.entries(refusedWithoutGit)) {
    test(`${name}`, async () => {
      await using folder = await temporaryDirectory();
      const state = states[name] ?? { make: async () => {} };
      await expect(checkState(state, folder.path, withoutGit)).rejects.toMatchObject({
        code: "PACKAGER_NEEDS_GIT",
        message: expect.stringMatching(reason) as string,
      });
    });
  }
});
