import { randomBytes } from "node:crypto";

import type { Transport } from "@slipway/core";

import { CliError } from "../error.ts";

/** A job's run directory, and what of it is wanted. */
export interface Source {
  readonly runDir: string;
  /** What the job has written: `run` below it. */
  readonly outputs: boolean;
  /** `record.json`, and those of an array's elements. */
  readonly records: boolean;
}

/** A regular file, as the host told it. */
export interface RemoteFile {
  /** Below the outputs, or the run directory for records, of names that cannot lead out of a folder. */
  readonly path: string;
  /** Absolute, there. */
  readonly from: string;
  readonly bytes: number;
  /** Seconds since 1970. */
  readonly modifiedAt: number;
}

export interface Listing {
  /** `gone`: there are no outputs at all. `absent`: they have no such path. */
  readonly outputs: "there" | "gone" | "absent";
  readonly files: readonly RemoteFile[];
  readonly records: readonly RemoteFile[];
  /** Names that are not taken: what they would be here cannot be told, or lies outside. */
  readonly refused: readonly string[];
}

/**
 * Words ended by NUL: for each source `outputs` and whether they are there, then each file as `SIZE TIME` and its name. Parameters: marker,
 * path; on standard input a line `KINDS DIRECTORY` for each source. stat(1) of GNU and busybox, else of BSD.
 */
const script = `
printf '%s\\0' "$1"
tell='for file; do printf "%s\\0%s\\0" "$(stat -c "%s %Y" -- "$file" 2>/dev/null || stat -f "%z %m" -- "$file")" "$file"; done'
while IFS= read -r line; do
  directory=\${line#* } kinds=\${line%% *} state=gone
  case $kinds in
  *outputs*) if cd -- "$directory/run" 2>/dev/null; then [ -e "./$2" ] && state=there || state=absent; fi ;;
  esac
  printf 'outputs\\0%s\\0' "$state"
  [ "$state" != there ] || find "./$2" -type f -exec sh -c "$tell" sh {} + </dev/null
  printf 'records\\0\\0'
  case $kinds in
  *records*) cd -- "$directory" 2>/dev/null && find . ! -name . -prune -type f \\( -name record.json -o -name 'array-*.record.json' \\) -exec sh -c "$tell" sh {} + </dev/null ;;
  esac
done
printf '%s\\0' "$1"
`;

export interface ListOptions {
  readonly sources: readonly Source[];
  /** Below the outputs; empty for all. */
  readonly path: string;
  readonly signal: AbortSignal;
}

/** What lies in run directories, asked for in one command; in the order of the sources. */
export async function listFiles(
  transport: Transport,
  { sources, path, signal }: ListOptions,
): Promise<readonly Listing[]> {
  const marker = `slipway-${randomBytes(8).toString("hex")}`;
  const stdin = sources.map(({ runDir, outputs, records }) => {
    return `${[outputs && "outputs", records && "records"].filter(Boolean).join("+")} ${runDir}\n`;
  });
  const result = await transport.exec(["sh", "-c", script, "sh", marker, path], { stdin: stdin.join(""), signal });
  const words = Buffer.from(result.stdout).toString("utf8").split("\0");
  const first = words.findIndex((word) => word.endsWith(marker)); // A login shell may have said something before.
  const last = words.lastIndexOf(marker);
  if (first < 0 || last <= first) {
    throw new CliError("CLI_NOT_THERE", `The outputs on ${transport.host} could not be listed`, {
      hint: result.stderr.trim().slice(-500) || "Try again",
    });
  }
  return readListings(words.slice(first + 1, last), sources);
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] extends readonly (infer Item)[] ? Item[] : T[Key] };

function readListings(words: readonly string[], sources: readonly Source[]): readonly Listing[] {
  const listings: Writable<Listing>[] = [];
  let isOfRecords = false;
  for (let index = 0; index + 1 < words.length; index += 2) {
    const [head = "", name = ""] = [words[index], words[index + 1]];
    if (head === "outputs") {
      const outputs = name === "there" || name === "absent" ? name : "gone";
      listings.push({ outputs, files: [], records: [], refused: [] });
    }
    if (head === "outputs" || head === "records") {
      isOfRecords = head === "records";
      continue;
    }
    const listing = listings.at(-1);
    const runDir = sources[listings.length - 1]?.runDir ?? "";
    const [, bytes, modifiedAt] = /^(\d{1,15}) (\d{1,12})$/.exec(head) ?? [];
    const path = name.replace(/^\.\/+/, "");
    if (bytes === undefined || modifiedAt === undefined || !staysInside(path)) listing?.refused.push(name);
    else {
      const from = `${runDir}/${isOfRecords ? "" : "run/"}${path}`;
      const file = { path, from, bytes: Number(bytes), modifiedAt: Number(modifiedAt) };
      (isOfRecords ? listing?.records : listing?.files)?.push(file);
    }
  }
  return listings;
}

/** Whether a name from elsewhere names something below the folder it is put in. */
export function staysInside(path: string): boolean {
  if (path === "" || path.includes("\0") || path.includes("\uFFFD") || path.includes("\\")) return false;
  return path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}
