import { execFile } from "node:child_process";
import path from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

import { temporaryDirectory, writeFiles } from "@slipway/testing";
import { expect, test } from "vitest";

const execFileAsync = promisify(execFile);
const built = pathToFileURL(path.join(import.meta.dirname, "../dist/light.js")).href;

/** The third-party packages that a Node process has loaded when a piece of code is done. */
async function packagesLoadedBy(code: string, cwd: string): Promise<readonly string[]> {
  const hook = `
    import { writeSync } from "node:fs";
    export async function resolve(specifier, context, next) {
      const resolved = await next(specifier, context);
      writeSync(1, resolved.url + "\\n");
      return resolved;
    }`;
  const register = `
    import { register } from "node:module";
    register("data:text/javascript," + encodeURIComponent(${JSON.stringify(hook)}));`;
  const argv = [
    "--import",
    `data:text/javascript,${encodeURIComponent(register)}`,
    "--input-type=module",
    "--eval",
    code,
  ];
  const { stdout } = await execFileAsync(process.execPath, argv, { cwd });
  expect(stdout).toContain(built);
  return [...new Set(stdout.match(/(?<=node_modules\/)(?:yaml|zod)(?=\/)/g) ?? [])].toSorted();
}

const find = `
  import { findCluster, findProject, parseDuration } from ${JSON.stringify(built)};
  const options = { cwd: process.cwd(), home: process.cwd() + "/home", env: {} };
  await findProject(options);
  await findCluster("local", options);
  parseDuration("4h");`;

test("finding no file loads neither the YAML parser nor the schemas", async () => {
  await using directory = await temporaryDirectory();
  expect(await packagesLoadedBy(find, directory.path)).toEqual([]);
  await writeFiles(directory.path, { "slipway.yaml": "cluster: local\n" });
  expect(await packagesLoadedBy(find, directory.path)).toEqual(["yaml", "zod"]);
});
