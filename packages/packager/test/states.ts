import { chmod, mkdir, readFile, rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import path from "node:path";

import { gitRepository, runGit, writeFiles } from "@slipway/testing";

/** A state that a repository can be in, made with the real git. */
export interface RepositoryState {
  /** Makes it below an empty folder. */
  readonly make: (place: Place) => Promise<void>;
  /** Where the command runs; the repository's top when absent. */
  readonly cwd?: string;
  /** Tracked files that differ from HEAD; what `git status` says when absent. */
  readonly dirty?: readonly string[];
  /** What must be told. */
  readonly warning?: RegExp;
  /** Files whose times git changes by reading them, whoever asks it to (split and sparse indexes). */
  readonly freshened?: RegExp;
}

export interface Place {
  /** The repository's top. */
  readonly top: string;
  /** A folder beside it. */
  readonly beside: string;
  git(this: void, ...args: readonly string[]): Promise<string>;
}

const files = {
  "a.txt": "alpha\n",
  "b/c.txt": "gamma\n",
  "b/d/e.txt": "epsilon\n",
  "run.sh": { content: "#!/bin/sh\n", mode: 0o755 },
  link: { symlink: "b/c.txt" },
} as const;

const base = async ({ top }: Place, options = {}) => {
  await gitRepository(top, { files, ...options });
};

/** The usual repository, and then something done to it. */
function after(change: (place: Place) => Promise<unknown>, more: Omit<RepositoryState, "make"> = {}): RepositoryState {
  const make = async (place: Place) => {
    await base(place);
    await change(place);
  };
  return { ...more, make };
}

const write = ({ top }: Place, name: string, content: string | Uint8Array) => writeFile(path.join(top, name), content);

async function withSubmodule({ top, beside, git }: Place, depth = 1): Promise<void> {
  await gitRepository(`${beside}/inner`, { files: { "inner.txt": "inner\n", "deps/x.txt": "x\n" } });
  await gitRepository(`${beside}/outer`, { files: { "outer.txt": "outer\n" } });
  if (depth > 1) {
    await runGit(`${beside}/outer`, ["submodule", "--quiet", "add", `${beside}/inner`, "deps/inner"]);
    await runGit(`${beside}/outer`, ["commit", "-qm", "inner"]);
  }
  await gitRepository(top, { files });
  await git("submodule", "--quiet", "add", `${beside}/outer`, "third_party/outer");
  await git("submodule", "--quiet", "update", "--init", "--recursive");
  await git("commit", "-qm", "outer");
}

const oddNames = [
  "with space",
  "quote'\"s",
  "new\nline",
  "tab\tname",
  "-leading",
  "--",
  "@at",
  "back\\slash",
  "$(touch pwned)",
  "`touch pwned`",
  "foo../bar",
  "..foo",
  "...",
  ".hidden",
  "git",
  ".gitmodules.txt",
  "ünïcödé/日本語 😀",
  "*glob?[a]{b}",
  "!bang",
  "#hash",
  "a:b",
  "~tilde",
  "0123456789abcdef0123456789abcdef01234567.tmp",
];

export const states: Readonly<Record<string, RepositoryState>> = {
  clean: after(async () => {}),
  "a tracked file edited": after((place) => write(place, "a.txt", "edited\n")),
  "a tracked file edited and staged": after(async (place) => {
    await write(place, "a.txt", "staged\n");
    await place.git("add", "a.txt");
  }),
  "staged, then edited again": after(async (place) => {
    await write(place, "a.txt", "staged\n");
    await place.git("add", "a.txt");
    await write(place, "a.txt", "again\n");
  }),
  "staged, then edited back to HEAD": after(async (place) => {
    await write(place, "a.txt", "staged\n");
    await place.git("add", "a.txt");
    await write(place, "a.txt", "alpha\n");
  }),
  "a new file staged": after(async (place) => {
    await write(place, "new.txt", "new\n");
    await place.git("add", "new.txt");
  }),
  "a new file with intent to add": after(async (place) => {
    await write(place, "new.txt", "new\n");
    await place.git("add", "-N", "new.txt");
  }),
  "a new file staged and deleted again": after(
    async (place) => {
      await write(place, "new.txt", "new\n");
      await place.git("add", "new.txt");
      await rm(`${place.top}/new.txt`);
    },
    { warning: /new\.txt: tracked, but deleted on disk/ },
  ),
  "a tracked file deleted on disk": after(({ top }) => rm(`${top}/a.txt`), { warning: /a\.txt.*deleted on disk/ }),
  "a tracked folder deleted on disk": after(({ top }) => rm(`${top}/b`, { recursive: true }), { warning: /b\/c\.txt/ }),
  "a deletion staged": after(({ git }) => git("rm", "-q", "a.txt")),
  "removed from the index, kept on disk": after(({ git }) => git("rm", "-q", "--cached", "a.txt")),
  "a rename staged": after(({ git }) => git("mv", "a.txt", "moved.txt")),
  "a rename on disk only": after(({ top }) => rename(`${top}/a.txt`, `${top}/moved.txt`), {
    warning: /a\.txt.*deleted/,
  }),
  "an exec bit gained": after(({ top }) => chmod(`${top}/a.txt`, 0o755)),
  "an exec bit lost": after(({ top }) => chmod(`${top}/run.sh`, 0o644)),
  "odd permission bits": after(async ({ top }) => {
    await chmod(`${top}/a.txt`, 0o600);
    await chmod(`${top}/run.sh`, 0o4711);
  }),
  "touched without a change": after(({ top }) => utimes(`${top}/a.txt`, 5, 5)),
  "rewritten with the same content": after((place) => write(place, "a.txt", "alpha\n")),
  "edited in the same second, to the same size": after((place) => write(place, "a.txt", "ALPHA\n")),
  "a link that points elsewhere": after(async ({ top }) => {
    await rm(`${top}/link`);
    await symlink("nowhere", `${top}/link`);
  }),
  "a link in place of a file": after(async ({ top }) => {
    await rm(`${top}/a.txt`);
    await symlink("b/c.txt", `${top}/a.txt`);
  }),
  "a file in place of a link": after(async ({ top }) => {
    await rm(`${top}/link`);
    await writeFile(`${top}/link`, "now a file\n");
  }),
  "a folder in place of a file": after(
    async ({ top }) => {
      await rm(`${top}/a.txt`);
      await writeFiles(top, { "a.txt/inner": "untracked" });
    },
    { warning: /a\.txt: tracked, but deleted/ },
  ),
  "a file in place of a folder": after(
    async ({ top }) => {
      await rm(`${top}/b`, { recursive: true });
      await writeFile(`${top}/b`, "untracked");
    },
    { warning: /b\/c\.txt, b\/d\/e\.txt: tracked, but deleted/ },
  ),
  "a link to a folder in place of that folder": after(
    async ({ top, beside }) => {
      await mkdir(beside, { recursive: true });
      await rename(`${top}/b`, `${beside}/b`);
      await symlink(`${beside}/b`, `${top}/b`);
    },
    { warning: /b\/c\.txt, b\/d\/e\.txt: tracked, but deleted/ },
  ),
  "untracked files and folders": after(({ top }) =>
    writeFiles(top, { "u.txt": "", "new folder/deep/u.txt": "", "b/u.txt": "" }),
  ),
  "ignored files, one of them tracked": after(async ({ top, git }) => {
    await writeFiles(top, { ".gitignore": "*.log\n", "kept.log": "tracked", "dropped.log": "ignored", "u.txt": "" });
    await git("add", "-f", ".gitignore", "kept.log");
    await git("commit", "-qm", "logs");
  }),
  "status.showUntrackedFiles is no": after(async ({ top, git }) => {
    await git("config", "status.showUntrackedFiles", "no");
    await writeFiles(top, { "u.txt": "" });
  }),
  "settings that change how status is shown": after(async ({ top, git }) => {
    for (const setting of ["status.short", "status.branch", "status.relativePaths", "color.ui"]) {
      await git("config", setting, setting === "color.ui" ? "always" : "true");
    }
    await writeFiles(top, { "u.txt": "", "a.txt": "edited" });
  }),
  "an untracked repository inside": after(({ top }) => gitRepository(`${top}/nested`, { files: { "n.txt": "" } })),
  "a repository added as a link to its commit, without .gitmodules": after(async ({ top, git }) => {
    await gitRepository(`${top}/embedded`, { files: { "n.txt": "n\n" } });
    await git("add", "embedded");
    await git("commit", "-qm", "embedded");
  }),
  "no commit, files added": {
    make: async ({ top, git }) => {
      await gitRepository(top);
      await writeFiles(top, { "a.txt": "a", "u.txt": "u" });
      await git("add", "a.txt");
    },
  },
  "an orphan branch": after(({ git }) => git("checkout", "-q", "--orphan", "fresh")),
  "a detached HEAD": after(({ git }) => git("checkout", "-q", "--detach")),
  "a branch named like a file": after(({ git }) => git("checkout", "-q", "-b", "a.txt")),
  "packed refs": after(({ git }) => git("pack-refs", "--all")),
  "packed objects": after(({ git }) => git("gc", "-q")),
  "a merge resolved and not committed": after(async (place) => {
    const { git } = place;
    await git("checkout", "-q", "-b", "other");
    await write(place, "a.txt", "theirs\n");
    await git("commit", "-qam", "theirs");
    await git("checkout", "-q", "main");
    await write(place, "a.txt", "ours\n");
    await git("commit", "-qam", "ours");
    await git("merge", "-q", "other").catch(() => "conflict");
    await write(place, "a.txt", "both\n");
    await git("add", "a.txt");
  }),
  "a rebase stopped half way": after(async (place) => {
    const { git } = place;
    await git("checkout", "-q", "-b", "other");
    for (const name of ["one.txt", "two.txt"]) {
      await write(place, name, name);
      await git("add", name);
      await git("commit", "-qm", name);
    }
    await git("-c", "sequence.editor=sed -i -e 1s/pick/edit/", "rebase", "-q", "-i", "main").catch(() => "stopped");
  }),
  "assumed unchanged, and edited": after(
    async (place) => {
      await place.git("update-index", "--assume-unchanged", "a.txt");
      await write(place, "a.txt", "edited in secret\n");
    },
    { warning: /a\.txt: marked assume-unchanged/ },
  ),
  "skip-worktree, and absent": after(
    async ({ top, git }) => {
      await git("update-index", "--skip-worktree", "a.txt");
      await rm(`${top}/a.txt`);
    },
    { warning: /a\.txt: tracked, but not checked out/ },
  ),
  "skip-worktree, and edited": after(async (place) => {
    await place.git("update-index", "--skip-worktree", "a.txt");
    await write(place, "a.txt", "edited\n");
  }),
  "a sparse checkout": after(
    async ({ top, git }) => {
      await writeFiles(top, { "e/1.txt": "1" });
      await git("add", "-A");
      await git("commit", "-qm", "more");
      await git("sparse-checkout", "set", "--cone", "b/d");
    },
    { warning: /e\/1\.txt: tracked, but not checked out \(sparse checkout\)/ },
  ),
  "a sparse index": after(
    async ({ top, git }) => {
      await writeFiles(top, { "e/1.txt": "1", "e/f/2.txt": "2", "g/3.txt": "3" });
      await git("add", "-A");
      await git("commit", "-qm", "more");
      await git("sparse-checkout", "set", "--cone", "--sparse-index", "b");
    },
    { freshened: /objects\//, warning: /e\/1\.txt, e\/f\/2\.txt, g\/3\.txt: tracked, but not checked out/ },
  ),
  "an index of version 2": after(({ git }) => git("update-index", "--index-version", "2")),
  "an index of version 3": after(async (place) => {
    await write(place, "new.txt", "new\n");
    await place.git("add", "-N", "new.txt");
    await place.git("update-index", "--index-version", "3");
  }),
  "an index of version 4": after(({ git }) => git("update-index", "--index-version", "4")),
  "a split index": after(({ git }) => git("update-index", "--split-index"), { freshened: /sharedindex/ }),
  "a split index with changes on top": after(
    async (place) => {
      await place.git("update-index", "--split-index");
      await write(place, "new.txt", "new\n");
      await write(place, "a.txt", "changed\n");
      await place.git("add", "new.txt", "a.txt");
      await place.git("rm", "-q", "--cached", "b/c.txt");
    },
    { freshened: /sharedindex/ },
  ),
  "an untracked cache": after(async ({ top, git }) => {
    await git("update-index", "--force-untracked-cache");
    await git("status");
    await writeFiles(top, { "u.txt": "" });
  }),
  "a file system monitor that would be run": after(async ({ top, beside, git }) => {
    await writeFiles(beside, { monitor: { content: `#!/bin/sh\ntouch '${beside}/was-run'\n`, mode: 0o755 } });
    await git("config", "core.fsmonitor", `${beside}/monitor`);
    await writeFiles(top, { "a.txt": "edited\n" });
  }),
  "an index without its checksum": after(async ({ top, git }) => {
    await git("config", "index.skipHash", "true");
    await writeFiles(top, { "new.txt": "" });
    await git("add", "new.txt");
    const index = await readFile(`${top}/.git/index`);
    await writeFile(`${top}/.git/index`, Buffer.concat([index.subarray(0, -20), Buffer.alloc(20)]));
  }),
  "settings for many files": after(async ({ top, git }) => {
    await git("config", "feature.manyFiles", "true");
    await writeFiles(top, { "new.txt": "" });
    await git("add", "new.txt");
  }),
  "objects named by SHA-256": {
    make: (place) => base(place, { initArguments: ["--object-format=sha256"] }),
  },
  "objects named by SHA-256, with a split index and an edit": {
    make: async (place) => {
      await base(place, { initArguments: ["--object-format=sha256"] });
      await place.git("update-index", "--split-index");
      await write(place, "a.txt", "edited\n");
    },
    freshened: /sharedindex/,
  },
  "a linked work tree": {
    make: async ({ top, beside }) => {
      await gitRepository(`${beside}/main`, { files });
      await runGit(`${beside}/main`, ["worktree", "add", "-q", "-b", "linked", top]);
      await writeFiles(top, { "a.txt": "edited here only\n", "u.txt": "" });
    },
  },
  "a linked work tree, detached": {
    make: async ({ top, beside }) => {
      await gitRepository(`${beside}/main`, { files });
      await runGit(`${beside}/main`, ["worktree", "add", "-q", "--detach", top]);
    },
  },
  "git's folder elsewhere": {
    make: async (place) => {
      await base(place, { initArguments: [`--separate-git-dir=${place.beside}-gitdir`] });
      await write(place, "a.txt", "edited\n");
    },
  },
  "a submodule": { make: (place) => withSubmodule(place), dirty: [] },
  "nested submodules": { make: (place) => withSubmodule(place, 2), dirty: [] },
  "a submodule that is not initialised": {
    make: async (place) => {
      await withSubmodule(place);
      await place.git("submodule", "--quiet", "deinit", "-f", "third_party/outer");
    },
    dirty: [],
    warning: /third_party\/outer: a submodule that is not initialised/,
  },
  "a submodule edited inside": {
    make: async (place) => {
      await withSubmodule(place, 2);
      await write(place, "third_party/outer/outer.txt", "edited\n");
      await write(place, "third_party/outer/deps/inner/inner.txt", "edited\n");
    },
    dirty: ["third_party/outer/deps/inner/inner.txt", "third_party/outer/outer.txt"],
  },
  "a submodule with untracked files": {
    make: async (place) => {
      await withSubmodule(place);
      await write(place, "third_party/outer/u.txt", "untracked\n");
    },
    dirty: [],
  },
  "a submodule at another commit": {
    make: async (place) => {
      await withSubmodule(place);
      await write(place, "third_party/outer/outer.txt", "newer\n");
      await runGit(`${place.top}/third_party/outer`, ["commit", "-qam", "newer"]);
    },
    dirty: ["third_party/outer"],
  },
  "line ends of another system (autocrlf=input)": after(async (place) => {
    await place.git("config", "core.autocrlf", "input");
    await write(place, "a.txt", "alpha\r\n");
  }),
  "line ends of another system (autocrlf=true)": after(async (place) => {
    await place.git("config", "core.autocrlf", "true");
    await rm(`${place.top}/a.txt`);
    await place.git("checkout", "-q", "a.txt");
    await utimes(`${place.top}/a.txt`, 7, 7);
  }),
  "attributes for line ends, ident and encoding": after(async (place) => {
    await write(place, ".gitattributes", "a.txt eol=crlf\nid.txt ident\nutf16.txt working-tree-encoding=UTF-16LE\n");
    await write(place, "id.txt", "$Id$\n");
    await write(place, "utf16.txt", Buffer.from("wide\n", "utf16le"));
    await place.git("add", "-A");
    await place.git("commit", "-qm", "attributes");
    for (const name of ["a.txt", "id.txt", "utf16.txt"]) await rm(`${place.top}/${name}`);
    await place.git("checkout", "-q", "--", ".");
    for (const name of ["a.txt", "id.txt", "utf16.txt"]) await utimes(`${place.top}/${name}`, 7, 7);
  }),
  "export-ignore and export-subst": after(async (place) => {
    await write(place, ".gitattributes", "a.txt export-ignore\nb/c.txt export-subst\n");
    await write(place, "b/c.txt", "$Format:%H$\n");
    await place.git("add", "-A");
    await place.git("commit", "-qm", "attributes");
  }),
  "exec bits that the file system does not keep (core.fileMode=false)": after(async ({ top, git }) => {
    await git("config", "core.fileMode", "false");
    await chmod(`${top}/run.sh`, 0o644);
    await chmod(`${top}/a.txt`, 0o755);
  }),
  "links that the file system does not keep (core.symlinks=false)": after(async ({ top, git }) => {
    await git("config", "core.symlinks", "false");
    await rm(`${top}/link`);
    await git("checkout", "-q", "link");
  }),
  "odd names": after(async ({ top, git }) => {
    await writeFiles(top, Object.fromEntries(oddNames.map((name) => [name, name])));
    await git("add", "-A");
    await git("commit", "-qm", "names");
    await writeFiles(top, { "with space": "edited", "new\nline": "edited", "untracked\n'\"": "" });
  }),
  "long names": after(async ({ top, git }) => {
    const deep = Array.from({ length: 12 }, (_, n) => `${n}`.repeat(30)).join("/");
    await writeFiles(top, {
      [`${deep}/x.txt`]: "deep",
      ["n".repeat(255)]: "long",
      [`${"p".repeat(154)}/${"q".repeat(101)}`]: "",
    });
    await git("add", "-A");
    await git("commit", "-qm", "names");
  }),
  "names that differ only in case": after(
    async ({ top, git }) => {
      await writeFiles(top, { "Case/x": "1", "case/X": "2", "A.TXT": "3" });
      await git("add", "-A");
      await git("commit", "-qm", "case");
    },
    { warning: /A\.TXT and a\.txt.*differ only in case/ },
  ),
  "objects borrowed from another repository": {
    make: async ({ top, beside }) => {
      await gitRepository(`${beside}/lender`, { files });
      await runGit(beside, ["clone", "-q", "-s", `${beside}/lender`, top]);
    },
  },
  "a shallow clone": {
    make: async ({ top, beside }) => {
      const lender = await gitRepository(`${beside}/lender`, { files });
      await lender.git("commit", "-q", "--allow-empty", "-m", "second");
      await runGit(beside, ["clone", "-q", "--depth=1", `file://${beside}/lender`, top]);
    },
  },
  "a clone without the objects that it does not need": {
    make: async ({ top, beside }) => {
      const lender = await gitRepository(`${beside}/lender`, { files });
      await lender.git("config", "uploadpack.allowFilter", "true");
      await lender.git("config", "uploadpack.allowAnySHA1InWant", "true");
      await runGit(beside, ["clone", "-q", "--filter=blob:none", `file://${beside}/lender`, top]);
      await writeFiles(top, { "a.txt": "edited\n" });
    },
  },
  "a replaced commit": after(async (place) => {
    await place.git("commit", "-q", "--allow-empty", "-m", "second");
    await place.git("replace", "HEAD", "HEAD~1");
  }),
  "from a subdirectory": { make: (place) => base(place), cwd: "b/d" },
  "inside a submodule": {
    make: async ({ top, beside }) => {
      await withSubmodule({ top: `${beside}/super`, beside, git: (...args) => runGit(`${beside}/super`, args) });
      await rm(top, { recursive: true, force: true });
      await symlink(`${beside}/super/third_party/outer`, top);
    },
  },
};
