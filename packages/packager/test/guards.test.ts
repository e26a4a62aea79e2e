import { gitRepository, temporaryDirectory, writeFiles } from "@slipway/testing";
import { describe, expect, test } from "vitest";

import { explainListing } from "../src/index.ts";
import { findSecrets } from "../src/secrets.ts";
import { installedPython, list, pack, paths, text } from "./helpers.ts";

// In pieces, so that nobody's scanner takes this file for one with secrets; none of them opens anything.
const secrets: Readonly<Record<string, string>> = {
  "a private key": ["-----BEGIN OPENSSH PRIVATE", `KEY-----\n${"b3BlbnNzaC1rZXktdjEA".repeat(4)}\n`].join(" "),
  "an AWS access key": ["AKIA", "IOSFODNN7EXAMPLE"].join(""),
  "a GitHub token": ["ghp", "a1B2".repeat(9)].join("_"),
  "a GitLab token": ["glpat", "a1B2c3D4e5F6g7H8i9J0"].join("-"),
  "a Hugging Face token": ["hf", "aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH"].join("_"),
  "an npm token": ["npm", "a1B2".repeat(9)].join("_"),
  "an OpenAI or Anthropic key": ["sk-proj", "a1B2".repeat(12)].join("-"),
  "a Slack token": ["xoxb", "1234567890-abcdefghijk"].join("-"),
  "an NVIDIA key": ["nvapi", "a1B2".repeat(15)].join("-"),
  "a Google key": ["AIza", "a1B2c".repeat(7)].join(""),
};

describe("refused with file and line, and never shown:", () => {
  for (const [kind, secret] of Object.entries(secrets)) {
    test(`${kind}`, async () => {
      await using folder = await temporaryDirectory();
      await gitRepository(folder.path, { files: { "src/config.py": `# config\n\nKEY = "${secret}"\n`, "b.py": "" } });
      const failure: unknown = await pack(folder.path).catch((thrown: unknown) => thrown);
      expect(failure).toMatchObject({
        code: "PACKAGER_SECRET",
        message: `Secrets would be packaged:\n  src/config.py:3  ${kind}`,
        details: { secrets: [{ path: "src/config.py", line: 3, kind }] },
      });
      expect(JSON.stringify(failure)).not.toContain(secret);
    });
  }
});

test("secrets are found wherever they begin and end, also where the content does", () => {
  for (const [kind, secret] of Object.entries(secrets)) {
    for (let before = 0; before < 40; before++) {
      const ending = `${"a b-".repeat(10).slice(0, before)}\n${secret}`;
      const inAddress = `${"ab/cd:e@".repeat(5).slice(0, before)}/${secret}:ab`;
      for (const whole of [ending, `${ending}\n`, `${ending} and more`, inAddress, secret]) {
        const padded = Buffer.from(`${"x".repeat(before % 8)}${whole}`); // Where it lies in memory does not matter.
        const found = findSecrets(padded.subarray(before % 8));
        expect([before, found.map((one) => one.kind)]).toEqual([before, [kind]]);
      }
    }
  }
});

test("content that only resembles secrets is packaged", () => {
  const harmless = [
    "-----BEGIN CERTIFICATE-----\nMIIB\n",
    "-----BEGIN PUBLIC KEY-----\nMIIB\n",
    "if line == '-----BEGIN RSA PRIVATE KEY-----': pass",
    "hf_transfer = True; hf_hub_download(repo)",
    "sk-learn-contrib-and-other-long-names-of-things",
    "npm_config_registry_and_other_variables = 1",
    "ghp_ and gho_ and github_pat_ begin GitHub's tokens",
    "BAKIA0123456789ABCDEFG AIzawa",
    "task-12345678901234567890123456789012345678901234567890",
  ];
  expect(harmless.flatMap((content) => findSecrets(Buffer.from(content)))).toEqual([]);
});

test("files whose name says that they hold secrets are refused; examples of them are not", async () => {
  await using folder = await temporaryDirectory();
  const names = [".env", "sub/.env.production", "id_ed25519", ".netrc", ".aws/credentials"];
  const harmless = [".env.example", "id_ed25519.pub", "environment.yml", "src/env.py", "credentials"];
  await gitRepository(folder.path, { files: Object.fromEntries([...names, ...harmless].map((name) => [name, ""])) });
  const failure: unknown = await pack(folder.path).catch((thrown: unknown) => thrown);
  expect(failure).toMatchObject({
    code: "PACKAGER_SECRET",
    details: { secrets: names.toSorted().map((path) => ({ path, kind: "a file that is made to hold secrets" })) },
  });
  const bundle = await pack(folder.path, { allowSecrets: ["**/.env*", "id_*", ".netrc", ".aws"] });
  expect(bundle.manifest.files).toBe(names.length + harmless.length);
});

test("secrets of a companion's installed files and of included files are refused too", async () => {
  await using folder = await temporaryDirectory();
  await gitRepository(`${folder.path}/mine`, { files: { "a.py": "" } });
  await writeFiles(`${folder.path}/mine`, { "data/key.txt": secrets["a GitHub token"] ?? "" });
  const site = await installedPython(`${folder.path}/site`, "acme", { "acme/x.py": "", "acme/sub/.env": "TOKEN=1" });
  const options = { companions: [site.companion], env: site.env, include: ["data/**"] };
  await expect(pack(`${folder.path}/mine`, options)).rejects.toMatchObject({
    details: {
      secrets: [
        { path: "acme/sub/.env", kind: "a file that is made to hold secrets" },
        { path: "data/key.txt", line: 1, kind: "a GitHub token" },
      ],
    },
  });
});

test("what was allowed once is not remembered as harmless", async () => {
  await using folder = await temporaryDirectory();
  await gitRepository(`${folder.path}/mine`, { files: { "key.txt": secrets["a GitHub token"] ?? "", "a.py": "" } });
  const clock = { now: () => new Date(Date.now() + 3_600_000), sleep: async () => {} };
  const options = { cacheDirectory: `${folder.path}/cache`, clock };
  await pack(`${folder.path}/mine`, { ...options, allowSecrets: ["key.txt"] });
  await expect(pack(`${folder.path}/mine`, options)).rejects.toMatchObject({ code: "PACKAGER_SECRET" });
});

test(".slipwayignore leaves files out in the syntax of .gitignore, tracked ones and companions' too, and says so", async () => {
  await using folder = await temporaryDirectory();
  const lines = [
    "# comment",
    "*.md",
    "!KEEP.md",
    "/top.txt",
    "build/",
    "docs/**/draft.txt",
    "\\#odd",
    "",
    "sub/exact.txt  ",
  ];
  await gitRepository(`${folder.path}/mine`, {
    files: {
      ".slipwayignore": lines.join("\n"),
      "README.md": "",
      "deep/er/x.md": "",
      "deep/KEEP.md": "",
      "top.txt": "",
      "sub/top.txt": "",
      "sub/exact.txt": "",
      "other/sub/exact.txt": "",
      "sub/build/x": "",
      "build/y": "",
      "sub2/build": "a file",
      "docs/a/b/draft.txt": "",
      "docs/draft.txt": "",
      "#odd": "",
    },
  });
  const site = await installedPython(`${folder.path}/site`, "acme", { "acme/x.py": "", "acme/notes.md": "" });
  const options = { companions: [site.companion], env: site.env };
  expect(await paths(`${folder.path}/mine`, options)).toEqual([
    ".slipwayignore",
    "acme/x.py",
    "deep/KEEP.md",
    "other/sub/exact.txt",
    "sub/top.txt",
    "sub2/build",
  ]);
  const { excluded } = await list(`${folder.path}/mine`, options);
  expect(excluded.find(({ path }) => text(path) === "build/y")?.why).toBe(".slipwayignore: build/");
});

test("explain has every path once, with its rule, its size, and whether it differs from HEAD", async () => {
  await using folder = await temporaryDirectory();
  await gitRepository(folder.path, {
    files: { ".gitignore": "*.log\n", "a.py": "a", "b.py": "b", "docs/x": "", "gone.py": "" },
  });
  await writeFiles(folder.path, { "a.py": "edited", "new.py": "", "in.log": "log", "out.log": "log" });
  const { rm } = await import("node:fs/promises");
  await rm(`${folder.path}/gone.py`);
  const listing = await list(folder.path, { include: ["in.log"], exclude: ["docs"] });
  expect(explainListing(listing)).toEqual([
    { path: ".gitignore", kept: true, why: "tracked", size: 6 },
    { path: "a.py", kept: true, why: "tracked, differs from HEAD", size: 6 },
    { path: "b.py", kept: true, why: "tracked", size: 1 },
    { path: "docs/x", kept: false, why: "exclude docs" },
    { path: "gone.py", kept: false, why: "tracked, but deleted on disk" },
    { path: "in.log", kept: true, why: "include in.log", size: 3 },
    { path: "new.py", kept: false, why: "untracked: git add it, or include it" },
  ]);
});
