import { randomBytes } from "node:crypto";

import type { Transport } from "@slipway/core";

import { CliError } from "../error.ts";

/** A regular file below a run directory's outputs, as the host told it. */
export interface RemoteFile {
  /** Relative, of names that cannot lead out of a folder. */
  readonly path: string;
  readonly bytes: number;
  /** Seconds since 1970. */
  readonly modifiedAt: number;
}

export interface RemoteListing {
  readonly files: readonly RemoteFile[];
  /** Names that are not taken: what they would be here cannot be told, or lies outside. */
  readonly refused: readonly string[];
}

/** Each file as `SIZE TIME` and its name, ended by NUL. Parameters: marker, directory, path. stat(1) of GNU and busybox, else of BSD. */
const script = `
cd -- "$2" 2>/dev/null || exit 44
[ -e "./$3" ] || exit 45
printf '%s\\0' "$1"
find "./$3" -type f -exec sh -c 'for file; do printf "%s\\0%s\\0" "$(stat -c "%s %Y" -- "$file" 2>/dev/null || stat -f "%z %m" -- "$file")" "$file"; done' sh {} +
printf '%s\\0' "$1"
`;

export interface ListOptions {
  readonly directory: string;
  /** Below the directory; empty for all. */
  readonly path: string;
  readonly signal: AbortSignal;
}

/** Undefined when the directory is not there. Throws CLI_NOT_THERE when it has no such path. */
export async function listFiles(
  transport: Transport,
  { directory, path, signal }: ListOptions,
): Promise<RemoteListing | undefined> {
  const marker = `slipway-${randomBytes(8).toString("hex")}`;
  const result = await transport.exec(["sh", "-c", script, "sh", marker, directory, path], { signal });
  if (result.exitCode === 44) return undefined;
  if (result.exitCode === 45) throw notThere(path, directory);
  const words = Buffer.from(result.stdout).toString("utf8").split("\0");
  const first = words.findIndex((word) => word.endsWith(marker)); // A login shell may have said something before.
  const last = words.lastIndexOf(marker);
  if (first < 0 || last <= first) {
    throw new CliError("CLI_NOT_THERE", `The outputs in ${directory} could not be listed`, {
      hint: result.stderr.trim().slice(-500) || "Try again",
    });
  }
  return readListing(words.slice(first + 1, last));
}

function readListing(words: readonly string[]): RemoteListing {
  const files: RemoteFile[] = [];
  const refused: string[] = [];
  for (let index = 0; index + 1 < words.length; index += 2) {
    const [, bytes, modifiedAt] = /^(\d{1,15}) (\d{1,12})$/.exec(words[index] ?? "") ?? [];
    const name = words[index + 1] ?? "";
    const path = name.replace(/^\.\/+/, "");
    if (bytes === undefined || modifiedAt === undefined || !staysInside(path)) refused.push(name);
    else files.push({ path, bytes: Number(bytes), modifiedAt: Number(modifiedAt) });
  }
  return { files, refused };
}

/** Whether a name from elsewhere names something below the folder it is put in. */
export function staysInside(path: string): boolean {
  if (path === "" || path.includes("\0") || path.includes("\uFFFD") || path.includes("\\")) return false;
  return path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

function notThere(path: string, directory: string): CliError {
  return new CliError("CLI_NOT_THERE", `There is no ${JSON.stringify(path)} in ${directory}`, {
    hint: "Leave the path out to fetch everything",
  });
}
