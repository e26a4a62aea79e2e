// npm run bench [-- P3] [-- --delay 25]: prints the table of speed targets, each figure beside the bare tool in the same run;
// the way to the cluster takes so many milliseconds in each direction. P16 --inodes 1000000: a store of so many, too.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { cleanerBench } from "./cleaner.mjs";
import { packagerBench } from "./packager.mjs";
import { slurmBench } from "./slurm.mjs";
import { startBench } from "./start.mjs";
import { storeBench } from "./store.mjs";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const slipway = path.join(root, "apps", "cli", "bin", "slipway.js");
const work = path.join(root, "bench", ".work");
const { values: options, positionals } = parseArgs({
  options: { delay: { type: "string", default: "0" }, inodes: { type: "string", default: "0" } },
  allowPositionals: true,
});
const [only] = positionals;
const delayMs = Number(options.delay);
const inodes = Number(options.inodes);

if (!existsSync(path.join(root, "apps", "cli", "dist", "main.js"))) {
  execFileSync("turbo", ["run", "build"], { cwd: root, stdio: "inherit" });
}
mkdirSync(work, { recursive: true });
const version = (command, ...args) => execFileSync(command, args, { encoding: "utf8" }).split("\n")[0].trim();
console.log(`Node ${process.version}, ${version("git", "--version")}, ${version("tar", "--version")}`);
console.log(`${os.cpus().length} × ${os.cpus()[0]?.model}, ${os.type()} ${os.release()}`);
if (delayMs > 0) console.log(`To the cluster every byte takes ${delayMs} ms, each way.`);
console.log("Each figure is a median of paired whole-process runs; the ratio is the median of the pairs' ratios.\n");

const rows = [];
for (const bench of [startBench, packagerBench, slurmBench, storeBench, cleanerBench]) {
  for (const row of await bench({ slipway, work, only, delayMs, inodes })) {
    rows.push(row);
    const { id, name, measured, against, ratio, target } = row;
    const verdict = target === undefined ? "" : ratio <= target ? "  met" : "  NOT MET";
    const bound = target === undefined ? "" : `  (target ≤ ${target})`;
    console.log(
      `${id.padEnd(4)} ${name}\n       ${measured}  beside  ${against}:  ${ratio.toFixed(2)} ×${bound}${verdict}`,
    );
  }
}
if (rows.length === 0) console.log(`There is no ${only}`);
