import { realpathSync, statSync } from "node:fs";
import path from "node:path";

import type { Companion, CompanionSource } from "@slipway/core";

import { PackagerError } from "./error.ts";
import { askPython } from "./python.ts";
import type { LocateOptions } from "./python.ts";

/**
 * The directory of a companion's code, absolute and without symbolic links. Nothing of the companion is executed.
 * Rejects with PACKAGER_COMPANION_NOT_FOUND (naming who was asked), PACKAGER_COMPANION_IS_A_FILE or PACKAGER_BAD_NAME.
 */
export async function locateCompanion(companion: Companion, options: LocateOptions): Promise<string> {
  checkName(companion.name);
  const { source } = companion;
  switch (source.kind) {
    case "python":
      return locatePython(companion.name, source, options);
    case "npm":
      return locateNpm(companion.name, source.package, options.cwd);
    case "path":
      return existingDirectory(companion.name, source.directory);
  }
}

function checkName(name: string): void {
  if (name !== "" && name !== "." && name !== ".." && name !== ".git" && !/[/\0]/.test(name)) return;
  throw new PackagerError("PACKAGER_BAD_NAME", `${JSON.stringify(name)} cannot be the name of a companion`, {
    hint: "A companion's name is the top-level directory that it takes in the bundle.",
  });
}

async function locatePython(
  name: string,
  { module, interpreter = "python3" }: Extract<CompanionSource, { kind: "python" }>,
  options: LocateOptions,
): Promise<string> {
  const { directories, file, executable } = await askPython(interpreter, module, options);
  const asked = executable === "" ? interpreter : `${interpreter} (${executable})`;
  const [directory, ...others] = directories;
  if (directory === undefined && file !== null) throw isAFile(name, file === "built-in" ? module : file);
  if (directory === undefined) {
    throw new PackagerError(
      "PACKAGER_COMPANION_NOT_FOUND",
      `The companion ${name} is not installed: ${asked} has no module ${module}`,
      {
        hint: `Install it there (${interpreter} -m pip install ${module}), or name another interpreter, or the companion's directory.`,
      },
    );
  }
  if (others.length > 0) {
    throw new PackagerError(
      "PACKAGER_COMPANION_NOT_FOUND",
      `The companion ${name} is a namespace package that ${asked} has in several directories: ${directories.join(", ")}`,
      { hint: "Name the directory you mean as the companion's path." },
    );
  }
  return directory;
}

/** Source: Node.js, "Loading from node_modules folders". */
function locateNpm(name: string, packageName: string, cwd: string): string {
  if (!/^(?:@[^/@\s]+\/)?[^/@\s.][^/\s]*$/.test(packageName) || packageName.split("/").includes("..")) {
    throw new PackagerError("PACKAGER_BAD_NAME", `${JSON.stringify(packageName)} is not the name of an npm package`);
  }
  for (let directory = cwd; ; directory = path.dirname(directory)) {
    const candidate = path.join(directory, "node_modules", packageName);
    if (statSync(candidate, { throwIfNoEntry: false })) return existingDirectory(name, candidate);
    if (directory === path.dirname(directory)) break;
  }
  throw new PackagerError(
    "PACKAGER_COMPANION_NOT_FOUND",
    `The companion ${name} is not installed: no node_modules of ${cwd} or above holds ${packageName}`,
    { hint: `Install it: npm install ${packageName}` },
  );
}

function existingDirectory(name: string, directory: string): string {
  const stat = statSync(directory, { throwIfNoEntry: false });
  if (stat === undefined) {
    throw new PackagerError(
      "PACKAGER_COMPANION_NOT_FOUND",
      `The companion ${name} is not there: ${directory} does not exist`,
      {
        hint: "Mend its path in the configuration.",
      },
    );
  }
  if (!stat.isDirectory()) throw isAFile(name, directory);
  return realpathSync(directory);
}

function isAFile(name: string, file: string): PackagerError {
  return new PackagerError(
    "PACKAGER_COMPANION_IS_A_FILE",
    `The companion ${name} is a file, not a directory: ${file}`,
    {
      hint: "A companion is a directory of code. Copy a single file into your own code instead.",
    },
  );
}
