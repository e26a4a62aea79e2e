// The command is shipped bundled: one import of many small files costs more than Node's own start. It is shipped as CommonJS:
// Node reads that at once, where it starts a loader and waits for every file of ES modules (about a tenth of its own start).
import { execFile } from "node:child_process";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

import { build, transform } from "esbuild";

const run = promisify(execFile);
/** As `bin/load.js` calls each file. */
const head = "function (exports, require, module, __filename, __dirname) {";
const { dirname } = import.meta;
const dist = path.join(dirname, "dist");
const draft = path.join(dirname, "node_modules", `.dist-${process.pid}`);

// A thread of the packager's; it lies beside all that start it.
const packager = path.join(dirname, "..", "..", "packages", "packager");
const helperThread = path.join(packager, "dist", "helper-thread.js");

const common = { platform: "node", target: "node20.19", sourcesContent: false };

// Only ES modules can be split into what is loaded at first and what is loaded when it is needed.
const { outputFiles, metafile } = await build({
  ...common,
  absWorkingDir: dirname,
  entryPoints: ["src/main.ts"],
  outdir: "dist",
  bundle: true,
  splitting: true,
  format: "esm",
  sourcemap: "inline",
  legalComments: "linked",
  // ssh2 does without its native parts; they belong to one kind of machine.
  external: ["cpu-features", "*.node"],
  write: false,
  metafile: true,
  logLevel: "warning",
});

await mkdir(draft);
const chunks = new Map();
for (const { path: file, text } of outputFiles) {
  const name = path.relative(dist, file);
  if (name.endsWith(".js")) chunks.set(name, await toCommonJs(name, text));
  else await write(name, text);
}
const together = findTogether([
  "src/main.ts",
  "src/commands/package.ts",
  "src/report/package.ts",
  path.relative(dirname, path.join(packager, "dist", "index.js")),
  path.relative(dirname, path.join(packager, "..", "config", "dist", "light.js")),
]);
for (const [name, { code, map }] of chunks) {
  if (!together.has(name)) await writeWithMap(name, `module.exports = ${head}\n${code}};\n`, shiftLines(map, 1));
}
await writeTogether();
// The thread starts with nothing but what it needs.
await build({
  ...common,
  entryPoints: [helperThread],
  outdir: draft,
  bundle: true,
  format: "cjs",
  sourcemap: "linked",
  logLevel: "warning",
});
await write("package.json", '{ "type": "commonjs" }\n');
await run(process.execPath, [path.join(dirname, "precompile.mjs"), draft]);
// The last build stays in use until this one is whole.
await rm(dist, { recursive: true, force: true });
await rename(draft, dist);

async function toCommonJs(name, text) {
  return transform(text, {
    ...common,
    logLevel: "error", // What there is to warn of was told above.
    format: "cjs",
    define: { "import.meta.url": "import_meta_url" },
    banner: text.includes("import.meta.url")
      ? 'const import_meta_url = require("node:url").pathToFileURL(__filename);'
      : "",
    supported: { "dynamic-import": false },
    sourcemap: "external",
    sourcefile: name,
  });
}

/** The chunks of entry points and all that they import at once. */
function findTogether(wanted) {
  const outputs = Object.entries(metafile.outputs);
  const found = new Set();
  const add = (file) => {
    if (found.has(file)) return;
    found.add(file);
    for (const { path: imported, kind } of metafile.outputs[file]?.imports ?? []) {
      if (kind === "import-statement" && imported in metafile.outputs) add(imported);
    }
  };
  for (const entryPoint of wanted) {
    const [file] = outputs.find(([, output]) => output.entryPoint === entryPoint) ?? [];
    if (file === undefined) throw new Error(`${entryPoint} has no chunk of its own`);
    add(file);
  }
  return new Set([...found].map((file) => path.relative("dist", file)));
}

/** One file of what nearly every packaging needs: to find and open twenty takes a fifth of Node's own start. */
async function writeTogether() {
  const lines = ["module.exports = {"];
  const sections = [];
  for (const name of together) {
    const { code, map } = chunks.get(name);
    lines.push(`${JSON.stringify(`./${name}`)}: ${head}`);
    sections.push({ offset: { line: lines.length, column: 0 }, map: JSON.parse(map) });
    lines.push(...code.trimEnd().split("\n"), "},");
  }
  lines.push("};\n");
  await writeWithMap("together.js", lines.join("\n"), JSON.stringify({ version: 3, sections }));
}

function shiftLines(map, line) {
  return JSON.stringify({ version: 3, sections: [{ offset: { line, column: 0 }, map: JSON.parse(map) }] });
}

async function writeWithMap(name, code, map) {
  await write(name, `${code}//# sourceMappingURL=${name}.map\n`);
  await write(`${name}.map`, map);
}

async function write(name, text) {
  await writeFile(path.join(draft, name), text);
}
