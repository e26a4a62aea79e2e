// What would be published: publint, and attw for the types. Both look at the packed package, as npm would install it.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";

import { root, runForExitCode } from "./dependencies.mjs";

const work = mkdtempSync(path.join(tmpdir(), "slipway-pack-"));
const failed = [];
for (const folder of ["packages", "apps"].flatMap((parent) =>
  readdirSync(path.join(root, parent)).map((name) => path.join(root, parent, name)),
)) {
  const quiet = { stdio: ["ignore", "ignore", "inherit"] };
  const packed = runForExitCode("pnpm", ["--dir", folder, "pack", "--pack-destination", work], quiet) === 0;
  const linted = packed && runForExitCode("publint", ["run", folder, "--strict", "--level", "warning"], quiet) === 0;
  if (!linted) failed.push(path.relative(root, folder));
}
for (const tarball of readdirSync(work).filter((file) => file.startsWith("slipway-") && !/^slipway-\d/.test(file))) {
  const exitCode = runForExitCode("attw", [path.join(work, tarball), "--profile", "esm-only", "--quiet"]);
  if (exitCode !== 0) failed.push(tarball);
}
rmSync(work, { recursive: true, force: true });
if (failed.length > 0) console.error(`not as they should be published: ${failed.join(", ")}`);
process.exit(failed.length === 0 ? 0 : 1);
