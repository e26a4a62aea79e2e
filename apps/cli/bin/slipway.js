#!/usr/bin/env node
import { readFileSync } from "node:fs";
import process from "node:process";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

// Asked often by scripts and editors: answered before anything else is loaded.
if (process.argv.length === 3 && ["--version", "-V"].includes(process.argv[2])) {
  process.stdout.write(`${version}\n`);
} else {
  const { runMain } = await import("../dist/main.js");
  await runMain(version);
}
