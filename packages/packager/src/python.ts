import { spawn } from "node:child_process";

import { stripControlCharacters } from "@slipway/core";

import { PackagerError, systemCode } from "./error.ts";

export interface LocateOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
}

/** What Python answers about a module: its directories, or the file that it is, or neither. */
export interface PythonModule {
  readonly directories: readonly string[];
  readonly file: string | null;
  readonly executable: string;
}

/**
 * Asks for the spec of a top-level module, which imports nothing of it. `-c` puts the working directory first on the path, where any
 * folder of that name would be taken for the module: it goes first of all. What the user set up (PYTHONPATH, `.pth` files) stays.
 */
const question = `
import sys
if sys.path and sys.path[0] == "": del sys.path[0]
import importlib.util, json, os
spec = importlib.util.find_spec(sys.argv[1])
places = list(spec.submodule_search_locations or []) if spec else []
directories = []
for place in places:
    real = os.path.realpath(place)
    if os.path.isdir(real) and real not in directories: directories.append(real)
origin = spec.origin if spec and not places else None
print("\\nslipway:" + json.dumps({"directories": directories, "file": origin, "executable": sys.executable}))
`;

/** Where this interpreter has a module; nothing of it is executed. */
export async function askPython(
  interpreter: string,
  module: string,
  { cwd, env, signal }: LocateOptions,
): Promise<PythonModule> {
  if (!/^[\p{L}_][\p{L}\p{N}_]*$/u.test(module)) {
    throw new PackagerError(
      "PACKAGER_BAD_NAME",
      `${JSON.stringify(module)} is not the name of a top-level Python module`,
      {
        hint: "Name the package itself, without dots: looking into a package would execute it.",
      },
    );
  }
  const { exitCode, stdout, stderr } = await run(interpreter, ["-c", question, module], { cwd, env, signal });
  const answer = /^slipway:(.*)$/m.exec(stdout)?.[1];
  if (answer === undefined) {
    const said = stripControlCharacters(stderr).trim().split("\n").at(-1) ?? "";
    throw new PackagerError(
      "PACKAGER_COMPANION_NOT_FOUND",
      `${interpreter} did not say where ${module} is (exit code ${exitCode}): ${said}`,
      {
        hint: `Try it yourself: ${interpreter} -c 'import importlib.util; print(importlib.util.find_spec("${module}"))'`,
      },
    );
  }
  return parseAnswer(JSON.parse(answer));
}

function parseAnswer(answer: unknown): PythonModule {
  if (typeof answer !== "object" || answer === null) throw new TypeError("Python's answer is not an object");
  const directories =
    "directories" in answer && Array.isArray(answer.directories) ? answer.directories.map(String) : [];
  const file = "file" in answer && typeof answer.file === "string" ? answer.file : null;
  const executable = "executable" in answer ? String(answer.executable) : "";
  return { directories, file, executable };
}

interface Output {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(command: string, args: readonly string[], { cwd, env, signal }: LocateOptions): Promise<Output> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const child = spawn(command, args, { cwd, env: { ...env }, stdio: ["ignore", "pipe", "pipe"], signal });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on("data", (bytes: Buffer) => stdout.push(bytes));
    child.stderr.on("data", (bytes: Buffer) => stderr.push(bytes));
    child.on("error", (error) => reject(signal?.aborted ? (signal.reason as Error) : notFound(command, error)));
    child.on("close", (exitCode) =>
      resolve({
        exitCode,
        stdout: Buffer.concat(stdout).toString("utf8"),
        stderr: Buffer.concat(stderr).toString("utf8"),
      }),
    );
  });
}

function notFound(interpreter: string, cause: Error): PackagerError {
  return new PackagerError(
    "PACKAGER_COMPANION_NOT_FOUND",
    `Cannot run the Python interpreter ${interpreter} (${systemCode(cause) ?? cause.message})`,
    { hint: "Activate the environment that has the companion, or name its interpreter.", cause },
  );
}
