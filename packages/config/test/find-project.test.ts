import path from "node:path";

import { findProject } from "@slipway/config";
import { temporaryDirectory, writeFiles } from "@slipway/testing";
import { expect, test } from "vitest";

test("takes what the project's file leaves out from the user's, lists whole, and tells where each key stands", async () => {
  await using directory = await temporaryDirectory();
  const at = (name: string) => path.join(directory.path, name);
  await writeFiles(directory.path, {
    "repo/slipway.yaml":
      "packaging:\n  include: [a]\n  companions: [{path: ../lib}]\ncluster: dgx\nclean: {max_age: 1d}\n",
    "repo/src/slipway.yaml": "cluster: not-read\n",
    "home/config.yaml":
      "cluster: other\npackaging: {include: [b, c], exclude: [d], max_size: 1GB}\nclean: {max_age: 9d, keep_last: 7}\n",
  });
  expect(await findProject({ cwd: at("repo/src"), root: at("repo"), home: at("home") })).toMatchObject({
    config: {
      companions: [{ name: "lib", source: { kind: "path", directory: at("lib") } }],
      include: ["a"],
      exclude: ["d"],
      maxBytes: 1e9,
      cluster: "dgx",
      clean: { maxAgeSeconds: 86_400, keepLast: 7 },
    },
    files: [at("repo/slipway.yaml"), at("home/config.yaml")],
    origins: {
      "packaging.include.0": "../slipway.yaml:2:13",
      "packaging.companions.0.path": "../slipway.yaml:3:23",
      cluster: "../slipway.yaml:4:10",
      "packaging.exclude.0": "../../home/config.yaml:2:40",
      "packaging.max_size": "../../home/config.yaml:2:54",
    },
  });
});

test("a companion may be the folder above the project; it is called after that folder", async () => {
  await using directory = await temporaryDirectory();
  const cwd = path.join(directory.path, "above/repo");
  await writeFiles(cwd, { "slipway.yaml": "packaging: {companions: [{path: ..}]}\n" });
  const { config } = await findProject({ cwd, home: path.join(directory.path, "home") });
  expect(config.companions).toEqual([
    { name: "above", source: { kind: "path", directory: path.join(directory.path, "above") } },
  ]);
});

test("looks in the working directory where there is no repository, and needs no file at all", async () => {
  await using directory = await temporaryDirectory();
  const cwd = directory.path;
  const home = path.join(cwd, "home");
  expect(await findProject({ cwd, home })).toEqual({
    config: { companions: [], include: [], exclude: [] },
    files: [],
    origins: {},
    sources: [],
  });
  await writeFiles(cwd, { "slipway.yaml": "cluster: here\n" });
  expect((await findProject({ cwd, home })).config.cluster).toBe("here");
});

test("a preset of the user's file adds its companion to those of the project", async () => {
  await using directory = await temporaryDirectory();
  await writeFiles(directory.path, {
    "slipway.yaml": "packaging: {companions: [{path: lib}]}\n",
    "home/config.yaml": "preset: nemo-skills\n",
  });
  const { config, origins } = await findProject({ cwd: directory.path, home: path.join(directory.path, "home") });
  expect(config.companions.map(({ name }) => name)).toEqual(["lib", "nemo_skills"]);
  expect(origins).toEqual({
    "packaging.companions.0.path": "slipway.yaml:1:33",
    preset: "home/config.yaml:1:9",
    "packaging.companions.1.python": "preset nemo-skills",
    "packaging.companions.1.include.0": "preset nemo-skills",
  });
});

test("tells the mistakes of both files at once", async () => {
  await using directory = await temporaryDirectory();
  await writeFiles(directory.path, { "slipway.yaml": "clutser: a\n", "home/config.yaml": "preset: b\n" });
  await expect(findProject({ cwd: directory.path, home: path.join(directory.path, "home") })).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message:
      "2 mistakes in slipway.yaml, home/config.yaml:\n" +
      "slipway.yaml:1:1: clutser: unknown key; did you mean cluster?\n" +
      'home/config.yaml:1:9: preset: expected nemo-skills, got "b"',
  });
});

test("says why a file cannot be read", async () => {
  await using directory = await temporaryDirectory();
  const cwd = directory.path;
  const file = path.join(cwd, "slipway.yaml");
  const home = path.join(cwd, "home");
  await writeFiles(cwd, { "slipway.yaml/a": "" });
  await expect(findProject({ cwd, home })).rejects.toMatchObject({
    code: "CONFIG_UNREADABLE",
    message: `Cannot read ${file}: it is a directory`,
    cause: { code: "EISDIR" },
  });
  const loop = path.join(cwd, "loop");
  await writeFiles(loop, { "slipway.yaml": { symlink: "slipway.yaml" } });
  await expect(findProject({ cwd: loop, home })).rejects.toMatchObject({
    code: "CONFIG_UNREADABLE",
    message: `Cannot read ${path.join(loop, "slipway.yaml")}: ELOOP`,
  });
  const latin = path.join(cwd, "latin");
  await writeFiles(latin, { "slipway.yaml": Buffer.from("cluster: k\xf6ln\n", "latin1") });
  await expect(findProject({ cwd: latin, home })).rejects.toMatchObject({
    code: "CONFIG_UNREADABLE",
    message: `Cannot read ${path.join(latin, "slipway.yaml")}: it is not UTF-8 text`,
  });
});

test("stops with the signal's reason", async () => {
  await using directory = await temporaryDirectory();
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  await expect(findProject({ cwd: directory.path, home: directory.path, signal })).rejects.toBe(reason);
});
