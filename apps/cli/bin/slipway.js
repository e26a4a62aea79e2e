#!/usr/bin/env node
"use strict";

const path = require("node:path");

const { version } = require("../package.json");

// Asked often by scripts and editors: answered before anything else is loaded.
if (process.argv.length === 3 && ["--version", "-V"].includes(process.argv[2])) {
  process.stdout.write(`${version}\n`);
} else {
  const { createLoader } = require("./load.js");
  const { XDG_CACHE_HOME = "", HOME = "" } = process.env;
  const caches = [XDG_CACHE_HOME, path.join(HOME, ".cache")].find((folder) => path.isAbsolute(folder)); // Whoever has neither does without.
  const { load } = createLoader(path.join(__dirname, "..", "dist"), caches && path.join(caches, "slipway", "compiled"));
  void load("./main.js").runMain(version, (url) => import(url));
}
