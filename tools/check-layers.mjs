// Import only from a lower layer: never sideways, never up. Packages outside of this list must be given a place in it first.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";

import { root } from "./dependencies.mjs";

const layers = [
  ["core"],
  ["config", "packager", "sbatch", "ssh", "store", "testing", "transport-local"],
  ["executor-local", "executor-slurm", "cleaner"],
  ["experiment"],
  ["cli"],
];
const layerOf = new Map(layers.flatMap((names, layer) => names.map((name) => [name, layer])));
const importPattern = /(?:from|import)\s*\(?\s*"(@slipway\/[a-z-]+)([^"]*)"/g;
const mistakes = [];

const folders = ["packages", "apps"].flatMap((parent) =>
  readdirSync(path.join(root, parent)).map((child) => path.join(root, parent, child)),
);
for (const folder of folders) {
  const name = path.basename(folder);
  const layer = layerOf.get(name);
  if (layer === undefined) {
    mistakes.push(`${path.relative(root, folder)}: not in the list of layers in tools/check-layers.mjs`);
    continue;
  }
  const { dependencies = {}, devDependencies = {} } = JSON.parse(
    readFileSync(path.join(folder, "package.json"), "utf8"),
  );
  const declared = new Set(Object.keys(name === "cli" ? { ...dependencies, ...devDependencies } : dependencies));
  for (const file of sources(path.join(folder, "src"))) {
    for (const [, imported, subpath] of readFileSync(file, "utf8").matchAll(importPattern)) {
      const place = path.relative(root, file);
      const other = imported.slice("@slipway/".length);
      if (subpath !== "" && !entriesOf(other).has(`.${subpath}`))
        mistakes.push(`${place}: reaches into ${imported}${subpath}; use what it exports`);
      if (!((layerOf.get(other) ?? Infinity) < layer))
        mistakes.push(`${place}: ${name} (layer ${layer}) may not import ${imported}`);
      if (!declared.has(imported)) mistakes.push(`${place}: ${imported} is not among the dependencies`);
    }
    for (const [, target] of readFileSync(file, "utf8").matchAll(/from\s+"(\.[^"]*)"/g)) {
      if (!path.resolve(path.dirname(file), target).startsWith(path.join(folder, "src") + path.sep)) {
        mistakes.push(`${path.relative(root, file)}: ${target} leaves the package`);
      }
    }
  }
}

/** What a package offers to import: the keys of its `exports`. */
function entriesOf(name) {
  const file = path.join(root, "packages", name, "package.json");
  return new Set(existsSync(file) ? Object.keys(JSON.parse(readFileSync(file, "utf8")).exports) : []);
}

function sources(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => path.join(entry.parentPath, entry.name));
}

for (const mistake of mistakes) console.error(mistake);
process.exit(mistakes.length === 0 ? 0 : 1);
