import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

import { expect, test } from "vitest";

import { gitRepository, temporaryDirectory, writeFiles } from "../../packages/testing/src/index.ts";

const packages = path.resolve(import.meta.dirname, "../../packages");
const names = readdirSync(packages).filter((name) => existsSync(path.join(packages, name, "package.json")));

async function readReadme(name: string): Promise<string> {
  return readFile(path.join(packages, name, "README.md"), "utf8");
}

test.each(names)("the README of %s is short and its example runs as it stands", async (name) => {
  const readme = await readReadme(name);
  expect(readme.split("\n").length).toBeLessThanOrEqual(81);
  const example = /^```ts\n(.*?)^```/ms.exec(readme)?.[1];
  if (example === undefined) throw new Error("The README has no example");

  await using folder = await temporaryDirectory();
  await gitRepository(path.join(folder.path, "work"), { files: { "train.py": 'print("hello")\n' } });
  await writeFiles(folder.path, { "work/notes.txt": "mine\n" });
  // Below the package's own folder, so that its name and its dependencies' resolve as they do for a user.
  const script = path.join(packages, name, "dist", `.readme-example-${process.pid}.mjs`);
  await writeFile(script, example);
  try {
    const env = { PATH: process.env["PATH"], HOME: folder.path, TMPDIR: folder.path };
    await promisify(execFile)(process.execPath, [script], {
      cwd: path.join(folder.path, "work"),
      env,
      timeout: 30_000,
    });
  } finally {
    await rm(script);
  }
});

test("the error codes that a package can throw are in its README", async () => {
  for (const name of names) {
    const sources = path.join(packages, name, "src");
    const files = readdirSync(sources, { recursive: true, encoding: "utf8" }).filter((file) =>
      file.endsWith("error.ts"),
    );
    const texts = await Promise.all(files.map((file) => readFile(path.join(sources, file), "utf8")));
    const codes = new Set(
      texts.flatMap((text) => [...text.matchAll(/"([A-Z]+(?:_[A-Z]+)+)"/g)].map(([, code]) => code ?? "")),
    );
    const readme = await readReadme(name);
    expect({ name, missing: [...codes].filter((code) => !readme.includes(code)) }).toEqual({ name, missing: [] });
  }
});
