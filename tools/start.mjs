// npm start: installs what is missing, builds, and shows the main job on real input: this repository and an example companion.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";

import { installDependencies, root, run } from "./dependencies.mjs";

installDependencies();
run("turbo", ["run", "build", "--output-logs=errors-only"], { stdio: ["ignore", "ignore", "inherit"] });

// A home of the demonstration's own: yours, ~/.slipway, stays as it is.
const home = path.join(root, "node_modules", ".cache", "slipway-demo");
const companion = path.join(root, "examples", "companion", "greetings");
mkdirSync(home, { recursive: true });
writeFileSync(path.join(home, "config.yaml"), `packaging:\n  companions:\n    - path: ${JSON.stringify(companion)}\n`);

slipway("package");
slipway("run", "examples/hello/experiment.yaml");
slipway("list", "--limit", "3");
console.log(`
The command is ${path.join("apps", "cli", "bin", "slipway.js")}. Try it:
  alias slipway="$PWD/apps/cli/bin/slipway.js"
  slipway run -- sh -c 'echo hello from $SLIPWAY_EXPERIMENT'
  slipway list`);

function slipway(...args) {
  console.log(`\n$ slipway ${args.join(" ")}`);
  run(process.execPath, [path.join(root, "apps", "cli", "bin", "slipway.js"), ...args], {
    env: { ...process.env, SLIPWAY_HOME: home },
  });
}
