import { explainConfig } from "@slipway/config";
import { expect, test } from "vitest";

test("shows the settings of the strongest file that has each, and the defaults of the rest", () => {
  const sources = [
    { file: "slipway.yaml", text: "packaging:\n  include: [a, b]\n  max_size: 500MB\n" },
    { file: "config.yaml", text: "packaging: {include: [c, d, e], max_size: 1GB}\ncluster: dgx\n" },
  ];
  expect(explainConfig("project", sources)).toEqual([
    { path: "packaging.include.0", value: "a", origin: "slipway.yaml:2:13" },
    { path: "packaging.include.1", value: "b", origin: "slipway.yaml:2:16" },
    { path: "packaging.max_size", value: "500MB", origin: "slipway.yaml:3:13" },
    { path: "cluster", value: "dgx", origin: "config.yaml:2:10" },
    { path: "packaging.companions", value: [], origin: "default" },
    { path: "packaging.exclude", value: [], origin: "default" },
  ]);
});

test("shows the defaults where there is no file", () => {
  expect(explainConfig("project", [])).toEqual([
    { path: "packaging.companions", value: [], origin: "default" },
    { path: "packaging.include", value: [], origin: "default" },
    { path: "packaging.exclude", value: [], origin: "default" },
    { path: "cluster", value: "local", origin: "default" },
  ]);
});

test("an empty list of a stronger file is its value", () => {
  const sources = [
    { file: "slipway.yaml", text: "packaging: {include: []}\n" },
    { file: "config.yaml", text: "packaging: {include: [c]}\n" },
  ];
  expect(explainConfig("project", sources)[0]).toEqual({
    path: "packaging.include",
    value: [],
    origin: "slipway.yaml:1:22",
  });
  expect(explainConfig("project", sources).filter(({ path }) => path.startsWith("packaging.include"))).toHaveLength(1);
});

test("shows what a preset adds, and to what", () => {
  const companions = "packaging:\n  companions: [{python: nemo_skills}, {path: lib}]\n";
  expect(
    explainConfig("project", [{ file: "s.yaml", text: `preset: nemo-skills\n${companions}` }]).slice(0, 4),
  ).toEqual([
    { path: "preset", value: "nemo-skills", origin: "s.yaml:1:9" },
    { path: "packaging.companions.0.python", value: "nemo_skills", origin: "s.yaml:3:25" },
    { path: "packaging.companions.1.path", value: "lib", origin: "s.yaml:3:46" },
    { path: "packaging.companions.0.include.0", value: "dataset/**/*.jsonl", origin: "preset nemo-skills" },
  ]);
});

test("shows the defaults of an experiment in each job that takes them over", () => {
  const text =
    "name: e\ndefaults: {gpus: 8, env: {A: 1.10, B: b}}\njobs:\n  a: {run: a, env: {A: 2}}\n  b: {run: [b, c], gpus: 0}\n";
  expect(explainConfig("experiment", [{ file: "e.yaml", text }])).toEqual([
    { path: "name", value: "e", origin: "e.yaml:1:7" },
    { path: "jobs.a.run", value: "a", origin: "e.yaml:4:12" },
    { path: "jobs.a.env.A", value: 2, origin: "e.yaml:4:24" },
    { path: "jobs.a.gpus", value: 8, origin: "e.yaml:2:18" },
    { path: "jobs.a.env.B", value: "b", origin: "e.yaml:2:39" },
    { path: "jobs.b.run.0", value: "b", origin: "e.yaml:5:13" },
    { path: "jobs.b.run.1", value: "c", origin: "e.yaml:5:16" },
    { path: "jobs.b.gpus", value: 0, origin: "e.yaml:5:26" },
    { path: "jobs.b.env.A", value: "1.10", origin: "e.yaml:2:30" },
    { path: "jobs.b.env.B", value: "b", origin: "e.yaml:2:39" },
    { path: "cluster", value: "local", origin: "default" },
  ]);
});

test("shows a cluster's settings as they are written", () => {
  const text = "executor: slurm\nssh_tunnel: {host: h, user: $USER, job_dir: /x}\ndependency_type: afterany\n";
  expect(explainConfig("cluster", [{ file: "dgx.yaml", text }])).toEqual([
    { path: "executor", value: "slurm", origin: "dgx.yaml:1:11" },
    { path: "ssh_tunnel.host", value: "h", origin: "dgx.yaml:2:20" },
    { path: "ssh_tunnel.user", value: "$USER", origin: "dgx.yaml:2:29" },
    { path: "ssh_tunnel.job_dir", value: "/x", origin: "dgx.yaml:2:45" },
    { path: "dependency_type", value: "afterany", origin: "dgx.yaml:3:18" },
    { path: "disable_gpus_per_node", value: false, origin: "default" },
  ]);
});
