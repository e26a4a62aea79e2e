// npm run check: everything about the code that is not a test. Each step says what mends it.
import process from "node:process";

import { installDependencies, runForExitCode } from "./dependencies.mjs";

const steps = [
  { name: "types", command: ["tsc", "-b"] },
  { name: "build", command: ["turbo", "run", "build", "--output-logs=errors-only"] },
  { name: "lint", command: ["oxlint"] },
  { name: "format", command: ["oxfmt", "--check"], mend: "npm run fix" },
  { name: "layers", command: ["node", "tools/check-layers.mjs"] },
  { name: "unused code and dependencies", command: ["knip", "--no-progress"] },
  { name: "workspace", command: ["sherif"] },
  { name: "API reports", command: ["node", "tools/api-report.mjs"], mend: "npm run api" },
  { name: "packages", command: ["node", "tools/check-packages.mjs"] },
];

installDependencies();
const failed = steps.filter(({ name, command: [program, ...args], mend }) => {
  console.log(`── ${name}`);
  const exitCode = runForExitCode(program, args);
  if (exitCode !== 0 && mend) console.log(`   mend it with: ${mend}`);
  return exitCode !== 0;
});
console.log(failed.length === 0 ? "all checks are green" : `not green: ${failed.map(({ name }) => name).join(", ")}`);
process.exit(failed.length === 0 ? 0 : 1);
