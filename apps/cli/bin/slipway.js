#!/usr/bin/env node
"use strict";

const { version } = require("../package.json");

// Asked often by scripts and editors: answered before anything else is loaded.
if (process.argv.length === 3 && ["--version", "-V"].includes(process.argv[2])) {
  process.stdout.write(`${version}\n`);
} else {
  void require("../dist/main.js").runMain(version, (url) => import(url));
}
