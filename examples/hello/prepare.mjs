// A job sees the packaged code, which is read-only, and a directory of its own to write to.
import { readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";

const { SLIPWAY_CODE_DIR: code, SLIPWAY_RUN_DIR: runDir } = process.env;
const names = readdirSync(code).toSorted();
console.log(`the code has ${names.length} things at its top: ${names.join(" ")}`);
writeFileSync(path.join(runDir, "names.json"), JSON.stringify(names));
