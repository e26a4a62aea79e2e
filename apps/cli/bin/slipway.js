#!/usr/bin/env node
"use strict";

const { homedir } = require("node:os");
const path = require("node:path");

const { version } = require("../package.json");

// Asked often by scripts and editors: answered before anything else is loaded.
if (process.argv.length === 3 && ["--version", "-V"].includes(process.argv[2])) {
  process.stdout.write(`${version}\n`);
} else {
  const { createLoader } = require("./load.js");
  const { XDG_CACHE_HOME: caches = "" } = process.env;
  const cache = path.join(path.isAbsolute(caches) ? caches : path.join(homedir(), ".cache"), "slipway", "compiled");
  const { load } = createLoader(path.join(__dirname, "..", "dist"), cache);
  void load("./main.js").runMain(version, (url) => import(url));
}
