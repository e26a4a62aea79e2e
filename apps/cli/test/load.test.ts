import { execFileSync } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import type { Script } from "node:vm";

import { temporaryDirectory } from "@slipway/testing";
import { expect, test } from "vitest";

interface Loader {
  readonly load: (name: string) => unknown;
  readonly scripts: ReadonlyMap<string, Script>;
}

const loaderFile = path.join(import.meta.dirname, "..", "bin", "load.js");
const { createLoader } = createRequire(import.meta.url)(loaderFile) as {
  readonly createLoader: (directory: string, cacheDirectory?: string) => Loader;
};

const head = "function (exports, require, module, __filename, __dirname) {";

/** Two files that import each other, one of them in `together.js`. */
async function build() {
  const folder = await temporaryDirectory();
  const dist = path.join(folder.path, "dist");
  await mkdir(dist);
  const main = `exports.half = 21; exports.answer = () => require("./other.js").double(); exports.file = __filename;`;
  const other = `const { half } = require("./main.js"); exports.double = () => 2 * half;`;
  await writeFile(path.join(dist, "together.js"), `module.exports = {"./main.js": ${head}\n${main}\n}};\n`);
  await writeFile(path.join(dist, "other.js"), `module.exports = ${head}\n${other}\n};\n`);
  await writeFile(path.join(dist, "package.json"), `{ "type": "commonjs" }\n`);
  return { dist, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

const answerOf = (loader: Loader) => (loader.load("./main.js") as { answer(): number }).answer();

test("files are loaded once, by their names, those that import each other too", async () => {
  await using built = await build();
  const loader = createLoader(built.dist);
  expect(answerOf(loader)).toBe(42);
  expect(loader.load("./main.js")).toBe(loader.load("./main.js"));
  expect(loader.load("./main.js")).toMatchObject({ file: path.join(built.dist, "main.js") });
  expect(loader.load("node:path")).toBe(path);
});

test("what V8 kept of a file is used, and what it cannot use is not", async () => {
  await using first = await build();
  const loader = createLoader(first.dist);
  answerOf(loader);
  /** In a process of its own: this one's V8 remembers the files. */
  const again = async (contentOf: (script: Script) => Buffer): Promise<unknown> => {
    for (const [kept, script] of loader.scripts) await writeFile(kept, contentOf(script));
    const use = `const { load, scripts } = require(process.argv[1]).createLoader(process.argv[2]);
      const answer = load("./main.js").answer();
      console.log(JSON.stringify([answer, ...[...scripts.values()].map((script) => script.cachedDataRejected)]));`;
    return JSON.parse(execFileSync(process.execPath, ["-e", use, loaderFile, first.dist], { encoding: "utf8" }));
  };
  expect(await again((script) => script.createCachedData())).toEqual([42, false, false]);
  expect(await again(() => Buffer.from("made by another V8"))).toEqual([42, true, true]);
});

test("without anything kept for this V8 Node loads the files", async () => {
  await using built = await build();
  const loader = createLoader(built.dist, path.join(built.dist, "cache"));
  expect(answerOf(loader)).toBe(42);
  expect([...loader.scripts]).toEqual([]);
});

test("the built command has kept files for the V8 that built it, which tell nothing of where that was", async () => {
  const dist = path.join(import.meta.dirname, "..", "dist");
  const ending = `.${process.versions.v8}-${process.arch}`;
  const kept = (await readdir(dist)).filter((name) => name.endsWith(ending));
  expect(kept).toContain(`together.js${ending}`);
  const place = path.dirname(dist);
  for (const name of kept)
    expect([name, (await readFile(path.join(dist, name))).includes(place)]).toEqual([name, false]);
});
