import { parseExperiment, parseProject } from "@slipway/config";
import { expect, test } from "vitest";

import { mistakesOf } from "./mistakes.ts";

const project = (text: string) => mistakesOf(() => parseProject(text, "slipway.yaml"));
const empty = { companions: [], include: [], exclude: [] };

test.each([
  ["", "an empty file"],
  ["# nothing yet\n", "a file of comments"],
  ["---\n...\n", "an empty document"],
  ["packaging:\n", "a key with nothing after it"],
  ["packaging:\n  include:\n  # - later\n", "a key with comments after it"],
])("takes %j, %s, as no settings", (text) => {
  expect(parseProject(text, "slipway.yaml")).toEqual(empty);
});

test("reads a file with a byte order mark and CRLF, and counts its lines and columns as an editor does", () => {
  expect(parseProject("\uFEFFcluster: dgx\r\npackaging:\r\n  include: [a]\r\n", "slipway.yaml")).toEqual({
    ...empty,
    cluster: "dgx",
    include: ["a"],
  });
  expect(project("\uFEFFcloster: dgx\r\npackaging:\r\n  inlcude: [a]\r\n")).toEqual([
    "slipway.yaml:1:1: closter: unknown key; did you mean cluster?",
    "slipway.yaml:3:3: packaging.inlcude: unknown key; did you mean include?",
  ]);
});

test("block scalars of a CRLF file have plain line ends", () => {
  const { jobs } = parseExperiment("name: a\r\njobs:\r\n  a:\r\n    run: |\r\n      one\r\n      two\r\n", "a.yaml");
  expect(jobs[0]?.command).toEqual({ kind: "shell", lines: ["one", "two"] });
});

test("tells every mistake of a file at once, sorted by place", () => {
  const text = `cluster: [a]
packaging:
  max_size: lots
  inlcude: ["data/**"]
  include: data
preset: nemo
`;
  expect(project(text)).toEqual([
    "slipway.yaml:1:10: cluster: expected a cluster's name, got a list",
    'slipway.yaml:3:13: packaging.max_size: expected a size such as 500MB, 50GB or 1.5GiB, got "lots"',
    "slipway.yaml:4:3: packaging.inlcude: unknown key; did you mean include?",
    'slipway.yaml:5:12: packaging.include: expected a list of globs, got "data"',
    'slipway.yaml:6:9: preset: expected nemo-skills, got "nemo"',
  ]);
});

test("lists the valid keys where none is near", () => {
  expect(project("packaging:\n  colour: red\n")).toEqual([
    "slipway.yaml:2:3: packaging.colour: unknown key; the keys here are: companions, include, exclude, allow_secrets, max_size",
  ]);
});

test.each([
  ["a tab as indentation", "\tcluster: a\n", "slipway.yaml:1:1: a tab cannot indent YAML; use spaces"],
  [
    "a tab as indentation of an inner map",
    "packaging:\n\tinclude: [a]\n",
    "slipway.yaml:2:1: a tab cannot indent YAML; use spaces",
  ],
  [
    "two documents",
    "cluster: a\n---\ncluster: b\n",
    "slipway.yaml:2:1: a second document begins here; a file holds one",
  ],
  [
    "a key that stands twice",
    "cluster: a\ncluster: b\n",
    "slipway.yaml:2:1: cluster: this key stands twice in its map",
  ],
  ["an alias without an anchor", "cluster: *a\n", "slipway.yaml:1:10: cluster: no anchor &a stands before this alias"],
  [
    "an alias inside its own anchor",
    "packaging: &a {include: *a}\n",
    "slipway.yaml:1:25: packaging.include: the alias *a stands inside its own anchor",
  ],
  ["a key that is not text", "[a]: b\n", "slipway.yaml:1:1: a key must be plain text"],
  [
    "a list in place of a map",
    "- a\n",
    "slipway.yaml:1:1: expected a map with preset, packaging, cluster, …, got a list",
  ],
  [
    "text in place of a map",
    "cluster\n",
    'slipway.yaml:1:1: expected a map with preset, packaging, cluster, …, got "cluster"',
  ],
  ["a quote that is not closed", "cluster: 'a\n", "slipway.yaml:2:1: not readable as YAML: Missing closing 'quote"],
  [
    "a tag",
    "cluster: !!python/object a\n",
    "slipway.yaml:1:10: not readable as YAML: Unresolved tag: tag:yaml.org,2002:python/object",
  ],
  ["a key that would be a prototype", "__proto__: {a: 1}\n", "slipway.yaml:1:1: __proto__: this name cannot be a key"],
  ["deep lists", "[".repeat(200_000), "slipway.yaml:1:1: nested too deeply"],
  ["deep lists in block style", "- ".repeat(200_000), "slipway.yaml:1:1: nested too deeply"],
  ["deep maps", "{a: ".repeat(200_000), "slipway.yaml:1:1: nested too deeply"],
])("tells of %s", (_, text, mistake) => {
  expect(project(text)).toContain(mistake);
});

test("refuses aliases that multiply beyond any real file", () => {
  const bomb = "bcdefghi".split("").map((letter, index) => {
    const inner = Array.from({ length: 9 }, () => `*${"abcdefgh"[index]}`).join(", ");
    return `${letter}: &${letter} [${inner}]\n`;
  });
  expect(project(`a: &a [1, 2, 3, 4, 5, 6, 7, 8, 9]\n${bomb.join("")}`)).toEqual([
    "slipway.yaml:1:1: more than 100000 values, counting those of aliases",
  ]);
});

test("an alias stands for its anchor's value, and a mistake in it is told once, where it is written", () => {
  const text = `name: a
jobs:
  a: {run: a, gpus: &gpus 2, env: &shared {A-B: a}}
  b: {run: b, gpus: *gpus, env: *shared}
  c: {run: c, nodes: *gpus, time: &time soon, needs: [a]}
  d: {run: d, time: *time, env: &fine {A: 1.10}}
`;
  expect(mistakesOf(() => parseExperiment(text, "e.yaml"))).toEqual([
    'e.yaml:3:44: jobs.a.env.A-B: expected a variable\'s name such as HF_HOME, got "A-B"',
    'e.yaml:5:41: jobs.c.time: expected a duration such as 4h, 90m, 1h30m or 1-12:30:00, got "soon"',
    'e.yaml:6:21: jobs.d.time: expected a duration such as 4h, 90m, 1h30m or 1-12:30:00, got "soon"',
  ]);
});

test("control characters of a file do not reach the terminal", () => {
  expect(project('"a\\e[31mb": 1\n')).toEqual([
    String.raw`slipway.yaml:1:1: "a\u001b[31mb": unknown key; the keys here are: preset, packaging, cluster, clean`,
  ]);
});

test("an alias is the text that its anchor is", () => {
  const text =
    "name: a\njobs:\n  a: {run: a, env: &env {A: 1.10}, account: &account 007}\n  b: {run: b, env: *env, account: *account}\n";
  const { jobs } = parseExperiment(text, "e.yaml");
  expect(jobs.map(({ env, resources }) => ({ env, resources }))).toEqual([
    { env: { A: "1.10" }, resources: { account: "007" } },
    { env: { A: "1.10" }, resources: { account: "007" } },
  ]);
});
