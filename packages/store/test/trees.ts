import fc from "fast-check";

import type { BundledFile } from "./bundle.ts";

/** A file's path by its bytes, one character each. */
type Tree = ReadonlyMap<string, Omit<BundledFile, "path">>;

const names = [
  "s",
  "a",
  "b",
  "c d",
  "-n",
  "*",
  "line\nbreak",
  "tail\n",
  "back\\slash",
  "\\0101",
  "caf\u00c3\u00a9",
  "\u00ff",
  "'",
  "$(x)",
];
const name = fc.constantFrom(...names);
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
const contents = ["", "one", "two\n", "x".repeat(3_000), "\0\u0001", "y".repeat(9_000)];
const file = fc.oneof(
  { weight: 6, arbitrary: fc.record({ content: fc.constantFrom(...contents), executable: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ target: fc.constantFrom("a", "../b", "no\nwhere\\", "/etc") }) },
);

/** What becomes of a tree: paths of it or new ones, by a number and a file. */
const change = fc.oneof(
  fc.record({ kind: fc.constant("put" as const), path, file }),
  fc.record({ kind: fc.constant("remove" as const), at: fc.nat() }),
  fc.record({ kind: fc.constant("move" as const), at: fc.nat(), path }),
  fc.record({ kind: fc.constant("mode" as const), at: fc.nat() }),
  fc.record({ kind: fc.constant("move directory" as const), at: fc.nat(), path }),
);

/** So many that the changes of a manifest are shorter than itself. */
const unchanging: Tree = new Map(Array.from({ length: 25 }, (_, index) => [`s/${index}`, { content: `${index}` }]));

/** The first tree of anything, each next one a few changes later. */
export const growingTrees = fc
  .record({
    first: fc.array(fc.tuple(path, file), { minLength: 4, maxLength: 25 }),
    later: fc.array(fc.array(change, { minLength: 1, maxLength: 5 }), { minLength: 3, maxLength: 5 }),
  })
  .map(({ first, later }) => {
    let tree: Tree = first.reduce((all: Tree, [at, one]) => withFile(all, at, one), unchanging);
    const trees = [tree];
    for (const changes of later) {
      tree = changes.reduce(applyChange, tree);
      trees.push(tree);
    }
    return trees.map(filesOf);
  });

type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

function applyChange(tree: Tree, one: Change): Tree {
  if (one.kind === "put") return withFile(tree, one.path, one.file);
  const paths = [...tree.keys()];
  const at = paths[one.at % Math.max(1, paths.length)];
  const found = at === undefined ? undefined : tree.get(at);
  if (at === undefined || !found || paths.length < 2) return tree;
  switch (one.kind) {
    case "remove":
      return without(tree, (other) => other === at);
    case "move":
      return withFile(
        without(tree, (other) => other === at),
        one.path,
        found,
      );
    case "mode":
      return withFile(tree, at, found.target === undefined ? { ...found, executable: !found.executable } : found);
    case "move directory": {
      const [top = ""] = at.split("/");
      const moved = [...tree].filter(([other]) => other.startsWith(`${top}/`));
      const rest = without(tree, (other) => other.startsWith(`${top}/`));
      return moved.reduce((all: Tree, [other, each]) => withFile(all, one.path + other.slice(top.length), each), rest);
    }
  }
}

/** What was in its way, as a file for a directory or a directory for a file, goes. */
function withFile(tree: Tree, at: string, one: Omit<BundledFile, "path">): Tree {
  const rest = without(tree, (other) => other === at || other.startsWith(`${at}/`) || at.startsWith(`${other}/`));
  return new Map([...rest, [at, one]]);
}

function without(tree: Tree, isGone: (path: string) => boolean): Tree {
  return new Map([...tree].filter(([at]) => !isGone(at)));
}

function filesOf(tree: Tree): readonly BundledFile[] {
  return [...tree].map(([at, { content, ...rest }]) => ({
    path: Buffer.from(at, "latin1"),
    ...rest,
    ...(content !== undefined && { content }),
  }));
}
