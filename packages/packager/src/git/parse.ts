import { latin1 } from "../paths.ts";

/** One line of git's index. */
export interface IndexEntry {
  /** Relative to the repository's top. */
  readonly path: Uint8Array;
  readonly mode: "100644" | "100755" | "120000" | "160000";
  readonly objectId: string;
  /** May be absent on disk without being deleted (sparse checkout). */
  readonly skipWorktree: boolean;
  /** Git does not look whether it was changed. */
  readonly assumeUnchanged: boolean;
}

export interface Index {
  /** How many entries there are, unmerged ones not counted. */
  readonly size: number;
  /** In git's order: sorted by the bytes of the paths. Made anew each time: a big index would fill the memory otherwise. */
  entries(): Iterable<IndexEntry>;
  readonly unmerged: readonly Uint8Array[];
  /** What git said, as `parseIndex` takes it; absent where there is no git. */
  readonly listed?: Buffer;
}

/** Reads `git ls-files -s -v -z`: `H 100644 <id> 0\t<path>\0` (git-ls-files(1), "OUTPUT"; the letter is lower case where assumed unchanged). */
export function parseIndex(stdout: Buffer): Index {
  let counted: ReturnType<typeof countEntries> | undefined;
  return {
    get size() {
      return (counted ??= countEntries(stdout)).size;
    },
    get unmerged() {
      return (counted ??= countEntries(stdout)).unmerged;
    },
    entries: () => indexEntries(stdout, latin1(stdout)),
    listed: stdout,
  };
}

function countEntries(stdout: Buffer): Pick<Index, "size" | "unmerged"> {
  const text = latin1(stdout);
  const unmerged = new Map<string, Uint8Array>();
  let size = 0;
  for (let start = 0, end = 0; start < text.length; start = end + 1) {
    end = text.indexOf("\0", start);
    const pathStart = text.indexOf("\t", start) + 1;
    if (text[pathStart - 2] === "0") size += 1;
    else unmerged.set(text.slice(pathStart, end), stdout.subarray(pathStart, end));
  }
  return { size, unmerged: [...unmerged.values()] };
}

function* indexEntries(stdout: Buffer, text: string): Generator<IndexEntry> {
  for (let start = 0, end = 0; start < text.length; start = end + 1) {
    end = text.indexOf("\0", start);
    const pathStart = text.indexOf("\t", start) + 1;
    if (text[pathStart - 2] !== "0") continue;
    const mode = text.slice(start + 2, start + 8);
    if (!isIndexMode(mode)) throw new Error(`git ls-files answered with the mode ${mode}`);
    const tag = text[start] ?? "";
    yield {
      path: stdout.subarray(pathStart, end),
      mode,
      objectId: text.slice(start + 9, pathStart - 3),
      skipWorktree: tag === "S" || tag === "s",
      assumeUnchanged: tag !== tag.toUpperCase(),
    };
  }
}

function isIndexMode(mode: string): mode is IndexEntry["mode"] {
  return mode === "100644" || mode === "100755" || mode === "120000" || mode === "160000";
}

export interface ChangedEntry {
  readonly path: Uint8Array;
  /** The worktree differs from the index, the index equals HEAD. */
  readonly onlyInWorktree: boolean;
  /** In the index. */
  readonly objectId: string;
}

export interface Status {
  readonly commit?: string;
  readonly branch?: string;
  readonly changed: readonly ChangedEntry[];
  /** A repository of its own ends in a slash. */
  readonly untracked: readonly Uint8Array[];
}

/** Reads `git status --porcelain=v2 --branch -z --no-renames` (git-status(1), "Porcelain Format Version 2"). */
export function parseStatus(stdout: Buffer): Status {
  const text = latin1(stdout);
  const changed: ChangedEntry[] = [];
  const untracked: Uint8Array[] = [];
  let commit: string | undefined;
  let branch: string | undefined;
  for (let start = 0; start < text.length;) {
    const end = text.indexOf("\0", start);
    const kind = text[start];
    if (kind === "?") {
      untracked.push(stdout.subarray(start + 2, end));
    } else if (kind === "1" || kind === "u") {
      const fields = text.slice(start, end).split(" ", kind === "1" ? 8 : 10);
      const pathStart = start + fields.join(" ").length + 1;
      const onlyInWorktree = text.startsWith(".M", start + 2);
      changed.push({ path: stdout.subarray(pathStart, end), onlyInWorktree, objectId: fields[7] ?? "" });
    } else if (kind === "#") {
      const [, name, value = ""] = /^# branch\.(oid|head) (.*)$/s.exec(text.slice(start, end)) ?? [];
      if (name === "oid" && value !== "(initial)") commit = value;
      if (name === "head" && value !== "(detached)") branch = stdout.subarray(start + 14, end).toString("utf8");
    }
    start = end + 1;
  }
  return { ...(commit && { commit }), ...(branch && { branch }), changed, untracked };
}

/** Reads `git config -z --list`: `key\nvalue\0`, the key alone where it has no value. The last value of a key counts. */
export function parseConfig(stdout: Buffer): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  for (const line of stdout.toString("utf8").split("\0")) {
    if (line === "") continue;
    const newline = line.indexOf("\n");
    if (newline < 0) settings.set(line, "true");
    else settings.set(line.slice(0, newline), line.slice(newline + 1));
  }
  return settings;
}
