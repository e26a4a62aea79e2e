import { accessSync, constants, statSync } from "node:fs";

import { TransportError } from "./error.ts";

/** Why a command could not be started, from what `spawn` says. Source of the meanings: execve(2). */
export function startError(cause: unknown, argv: readonly string[], cwd: string | undefined): unknown {
  if (!(cause instanceof Error) || !("code" in cause)) return cause;
  const command = JSON.stringify(argv[0] ?? "");
  if (cwd !== undefined && !isUsableDirectory(cwd)) {
    return new TransportError("TRANSPORT_DIRECTORY_NOT_FOUND", `Cannot run ${command} in ${cwd}: no such directory`, {
      cause,
    });
  }
  switch (cause.code) {
    case "ENOENT":
    case "ENOTDIR":
      return new TransportError("TRANSPORT_COMMAND_NOT_FOUND", `There is no command ${command} on this machine`, {
        hint: "Give its path, or add its folder to PATH. A script also needs the interpreter of its first line.",
        cause,
      });
    case "EACCES":
      return new TransportError("TRANSPORT_COMMAND_NOT_EXECUTABLE", `May not execute ${command}`, {
        hint: "It is a directory, lacks execute permission (chmod +x), or lies where nothing may be executed.",
        cause,
      });
    case "E2BIG":
      return new TransportError(
        "TRANSPORT_COMMAND_TOO_LONG",
        `The arguments and environment of ${command} are too long`,
        {
          hint: "Pass what is long through a file or standard input.",
          cause,
        },
      );
    case "EAGAIN":
    case "EMFILE":
    case "ENFILE":
    case "ENOMEM":
      return new TransportError("TRANSPORT_CANNOT_START", `This machine cannot start ${command}: ${cause.message}`, {
        hint: "It is out of processes, open files or memory (ulimit -a).",
        cause,
      });
    default:
      return cause; // Ours: an empty name, a NUL character.
  }
}

function isUsableDirectory(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isDirectory();
  } catch {
    return false; // Whatever is wrong with it, nothing can run there.
  }
}
