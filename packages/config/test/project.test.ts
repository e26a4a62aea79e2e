import { parseProject } from "@slipway/config";
import { expect, test } from "vitest";

import { mistakesOf } from "./mistakes.ts";

const mistakes = (text: string) => mistakesOf(() => parseProject(text, "slipway.yaml"));

test("reads every setting of a project file", () => {
  const text = `preset: nemo-skills
packaging:
  companions:
    - python: nemo_skills
      interpreter: .venv/bin/python
      include: ["**/*.json"]
    - python: tools
      interpreter: python3.11
    - npm: "@acme/web-kit"
    - path: ../shared-lib
    - path: /opt/models/
      name: zoo
  include: ["data/**/*.jsonl"]
  exclude: ["docs/**"]
  allow_secrets: ["test/keys/*.pem"]
  max_size: 500MB
cluster: dgx
clean: { max_age: 14d, max_size: 50GB, max_inodes: 1000, keep_last: 5, runs_max_age: 90d, auto: false }
`;
  expect(parseProject(text, "/work/repo/slipway.yaml")).toEqual({
    preset: "nemo-skills",
    companions: [
      {
        name: "nemo_skills",
        source: { kind: "python", module: "nemo_skills", interpreter: "/work/repo/.venv/bin/python" },
        include: ["**/*.json"],
      },
      { name: "tools", source: { kind: "python", module: "tools", interpreter: "python3.11" } },
      { name: "web-kit", source: { kind: "npm", package: "@acme/web-kit" } },
      { name: "shared-lib", source: { kind: "path", directory: "/work/shared-lib" } },
      { name: "zoo", source: { kind: "path", directory: "/opt/models/" } },
    ],
    include: ["data/**/*.jsonl"],
    exclude: ["docs/**"],
    allowSecrets: ["test/keys/*.pem"],
    maxBytes: 500_000_000,
    cluster: "dgx",
    clean: {
      maxAgeSeconds: 1_209_600,
      maxBytes: 50e9,
      maxInodes: 1000,
      keepLast: 5,
      runsMaxAgeSeconds: 7_776_000,
      auto: false,
    },
  });
});

test("a mistake in what is to be kept is told with its place", () => {
  expect(mistakes("clean: { max_agr: 1d, keep_last: -1 }\n")).toEqual([
    expect.stringMatching(/^slipway\.yaml:1:10: clean\.max_agr: unknown key; did you mean max_age/),
    expect.stringMatching(/^slipway\.yaml:1:34: clean\.keep_last: expected /),
  ]);
});

const nemoSkills = {
  name: "nemo_skills",
  source: { kind: "python", module: "nemo_skills" },
  include: ["dataset/**/*.jsonl"],
};

test("the preset nemo-skills adds its companion", () => {
  expect(parseProject("preset: nemo-skills\n", "slipway.yaml").companions).toEqual([nemoSkills]);
});

test("the preset leaves a companion of its name as it is, and gives it its include where it has none", () => {
  const byPath = "preset: nemo-skills\npackaging: {companions: [{path: /src/nemo_skills}]}\n";
  expect(parseProject(byPath, "slipway.yaml").companions).toEqual([
    { ...nemoSkills, source: { kind: "path", directory: "/src/nemo_skills" } },
  ]);
  const without = "preset: nemo-skills\npackaging: {companions: [{python: nemo_skills, include: []}]}\n";
  expect(parseProject(without, "slipway.yaml").companions).toEqual([{ ...nemoSkills, include: [] }]);
});

test("tells what is wrong with companions", () => {
  const text = `packaging:
  companions:
    - python: a.b
    - {}
    - {python: a, npm: b}
    - {npm: b, interpreter: python3}
    - {npm: "not a name"}
    - {path: ~/lib}
    - {path: lib, name: a/b}
    - {path: ..}
    - {pyhton: a}
    - {python: b}
    - {path: vendor/b}
    - {path: x, include: "*.json"}
    - nemo_skills
`;
  expect(mistakes(text)).toEqual([
    'slipway.yaml:3:15: packaging.companions.0.python: expected a top-level module\'s name such as nemo_skills, got "a.b"',
    "slipway.yaml:4:7: packaging.companions.1: missing; expected python, npm or path",
    "slipway.yaml:5:19: packaging.companions.2.npm: python stands here too; a companion has one of them",
    "slipway.yaml:6:16: packaging.companions.3.interpreter: only a python companion has an interpreter",
    'slipway.yaml:7:13: packaging.companions.4.npm: expected an npm package\'s name such as @scope/tool, got "not a name"',
    'slipway.yaml:8:14: packaging.companions.5.path: expected a directory\'s path; `~` is not expanded, got "~/lib"',
    'slipway.yaml:9:25: packaging.companions.6.name: expected the name of one directory, got "a/b"',
    'slipway.yaml:10:14: packaging.companions.7.path: ".." cannot be a directory\'s name in the bundle; give it a name',
    "slipway.yaml:11:7: packaging.companions.8: missing; expected python, npm or path",
    "slipway.yaml:11:8: packaging.companions.8.pyhton: unknown key; did you mean python?",
    "slipway.yaml:12:16: packaging.companions.9.python: another companion is called b; give one of them a name",
    "slipway.yaml:13:14: packaging.companions.10.path: another companion is called b; give one of them a name",
    'slipway.yaml:14:26: packaging.companions.11.include: expected a list of globs, got "*.json"',
    'slipway.yaml:15:7: packaging.companions.12: expected a map with python, interpreter, npm, …, got "nemo_skills"',
  ]);
});

test("one mistake is the error's message, several are counted, and scripts get them as data", () => {
  const diagnostic = {
    file: "slipway.yaml",
    line: 3,
    column: 5,
    path: "packaging.inlcude",
    message: "unknown key",
    hint: "did you mean include?",
  };
  expect(() => parseProject("# mine\npackaging:\n    inlcude: [a]\n", "slipway.yaml")).toThrow(
    expect.objectContaining({
      code: "CONFIG_INVALID",
      message: "slipway.yaml:3:5: packaging.inlcude: unknown key; did you mean include?",
      diagnostics: [diagnostic],
      details: { diagnostics: [diagnostic] },
    }),
  );
  expect(() => parseProject("a: 1\nb: 2\n", "slipway.yaml")).toThrow(
    /^2 mistakes in slipway\.yaml:\nslipway\.yaml:1:1: a: /,
  );
});
