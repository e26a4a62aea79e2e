import { PackagerError } from "../error.ts";
import { latin1 } from "../paths.ts";
import { gitOutput, runGit } from "./command.ts";
import type { GitOptions } from "./command.ts";

/** One file, link or submodule of a commit. */
export interface TreeEntry {
  /** Relative to the repository's top. */
  readonly path: Uint8Array;
  readonly mode: "100644" | "100755" | "120000" | "160000";
  readonly objectId: string;
  /** Bytes; 0 for a submodule. */
  readonly size: number;
}

export interface CommitTree {
  readonly commit: string;
  /** Sorted by the bytes of the paths. */
  readonly entries: readonly TreeEntry[];
}

/** The whole tree of a commit. Rejects with PACKAGER_NO_SUCH_COMMIT. */
export async function readTree(ref: string, options: GitOptions): Promise<CommitTree> {
  const commit = await readObjectId(`${ref}^{commit}`, options);
  if (commit === undefined) {
    throw new PackagerError("PACKAGER_NO_SUCH_COMMIT", `${options.cwd} has no commit ${JSON.stringify(ref)}`, {
      hint: "Name a branch, a tag or a commit that git log shows there; git fetch brings those of others.",
    });
  }
  return { commit, entries: parseTree(await gitOutput(["ls-tree", "-r", "-z", "-l", "--full-tree", commit], options)) };
}

/** The object that an expression names, if it is there. */
export async function readObjectId(expression: string, options: GitOptions): Promise<string | undefined> {
  const args = ["rev-parse", "--verify", "--quiet", "--end-of-options", expression];
  const { exitCode, stdout } = await runGit(args, options);
  return (exitCode === 0 && stdout.toString("latin1").trim()) || undefined;
}

/** Reads `git ls-tree -r -z -l`: `<mode> <type> <id> <size>\t<path>\0` (git-ls-tree(1), "OUTPUT FORMAT"). */
export function parseTree(stdout: Buffer): readonly TreeEntry[] {
  const text = latin1(stdout);
  const entries: TreeEntry[] = [];
  for (let start = 0; start < text.length;) {
    const end = text.indexOf("\0", start);
    const tab = text.indexOf("\t", start);
    const [mode = "", , objectId = "", size = ""] = text.slice(start, tab).split(/ +/);
    entries.push({ path: stdout.subarray(tab + 1, end), mode: treeMode(mode), objectId, size: Number(size) || 0 });
    start = end + 1;
  }
  return entries.toSorted((a, b) => Buffer.compare(a.path, b.path));
}

/** Old trees hold `100664` too; git checks it out as `100644`. */
function treeMode(mode: string): TreeEntry["mode"] {
  if (mode === "120000" || mode === "160000" || mode === "100755") return mode;
  return "100644";
}
