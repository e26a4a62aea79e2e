"use strict";

const { existsSync, readFileSync } = require("node:fs");
const { enableCompileCache } = require("node:module");
const path = require("node:path");
const { Script } = require("node:vm");

/**
 * Loads the command's own files from a folder: functions that take what Node gives a module;
 * `together.js` holds those that nearly every command needs. To compile them takes longer than most commands do. So what V8 made
 * of a file when the command was built is taken from beside it, where it was made by this V8 for this kind of machine (V8 itself
 * refuses what it cannot use); elsewhere Node keeps it in `cacheDirectory`, if it can (module.enableCompileCache, since Node 22.8).
 */
exports.createLoader = (directory, cacheDirectory) => {
  const modules = new Map();
  /** By the file that keeps what V8 makes of them. */
  const scripts = new Map();
  let together = {};
  const load = (name) => {
    if (!name.startsWith("./")) return require(name);
    const known = modules.get(name);
    if (known) return known.exports;
    const module = { exports: {} };
    modules.set(name, module); // Before it has run: some import each other.
    const file = path.join(directory, name);
    const body = Object.hasOwn(together, name) ? together[name] : read(file);
    body(module.exports, load, module, file, directory);
    return module.exports;
  };
  const read = (file) => {
    const kept = `${file}.${process.versions.v8}-${process.arch}`;
    const cachedData = existsSync(kept) ? readFileSync(kept) : undefined;
    if (!cachedData && cacheDirectory !== undefined) {
      enableCompileCache?.(cacheDirectory);
      return require(file);
    }
    // In what is kept stands this name too: not that of a folder in which somebody built.
    const filename = path.join("slipway", "dist", path.basename(file));
    const script = new Script(`(function (module) {${readFileSync(file, "utf8")}\n})`, { filename, cachedData });
    scripts.set(kept, script);
    const module = { exports: {} };
    script.runInThisContext()(module);
    return module.exports;
  };
  together = read(path.join(directory, "together.js"));
  return { load, scripts };
};
