import { findCluster, parseCluster, parseExperiment } from "@slipway/config";
import { temporaryDirectory, writeFiles } from "@slipway/testing";
import { describe, expect, test } from "vitest";

import { mistakesOf } from "./mistakes.ts";

// What people know of cluster files from other tools and have here, and defects of those that are absent.

const env = { USER: "alice", HOME: "/home/alice", GROUP: "nlp" };
const cluster = (text: string) => parseCluster(`executor: slurm\njob_dir: /j\n${text}`, "c.yaml", env);
const mistakes = (text: string) => mistakesOf(() => parseCluster(text, "c.yaml", env));
const job = (text: string) => parseExperiment(`name: e\njobs:\n  a: { run: x, ${text} }\n`, "e.yaml").jobs[0];

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

describe("a time limit", () => {
  test.each([
    ["30", 30 * minute],
    ["30:15", 30 * minute + 15],
    ["06:00", 6 * minute],
    ["06:00:00", 6 * hour],
    ["1-0", day],
    ["1-12:30", day + 12 * hour + 30 * minute],
    ["1-12:30:05", day + 12 * hour + 30 * minute + 5],
    ["01:02:03:04", day + 2 * hour + 3 * minute + 4],
    ["100-00:00:00", 100 * day],
  ])("%s is the same wherever it stands, with quotes or without", (text, seconds) => {
    const written = [text, `"${text}"`].map((value) => {
      const { defaultTimeLimitSeconds, timeLimitSecondsByPartition } = cluster(
        `default_timeout: ${value}\ntimeouts: { batch: ${value} }\n`,
      );
      return [defaultTimeLimitSeconds, timeLimitSecondsByPartition, job(`time: ${value}`)?.resources];
    });
    const expected = [seconds, { batch: seconds }, { timeLimitSeconds: seconds }];
    expect(written).toEqual([expected, expected]);
  });

  test("that nobody gives is none", () => {
    expect(cluster("")).not.toHaveProperty("defaultTimeLimitSeconds");
    expect(job("gpus: 1")?.resources).toEqual({ gpusPerNode: 1 });
  });

  test.each(["soon", "1:2:3:4:5", "-5", "1-1:2:3:4"])("is not %s, which is told with its place", (text) => {
    expect(mistakes(`executor: local\ndefault_timeout: "${text}"\n`)).toEqual([
      `c.yaml:2:18: default_timeout: expected a duration such as 4h, 90m, 1h30m or 1-12:30:00, got "${text}"`,
    ]);
  });
});

describe("a cluster file", () => {
  test("needs a place for jobs, absolute, wherever it is reached from", () => {
    const missing = "missing; expected an absolute path on the cluster";
    expect(
      [
        "executor: slurm\n",
        "executor: slurm\nssh_tunnel: { host: h }\n",
        "executor: slurm\njob_dir: jobs\n",
        "executor: slurm\nssh_tunnel: { host: h, job_dir: jobs }\n",
      ].map(mistakes),
    ).toEqual([
      [`c.yaml:1:1: job_dir: ${missing}`],
      [`c.yaml:2:1: ssh_tunnel.job_dir: ${missing}`],
      ['c.yaml:2:10: job_dir: expected an absolute path, got "jobs"'],
      ['c.yaml:2:33: ssh_tunnel.job_dir: expected an absolute path, got "jobs"'],
    ]);
  });

  test("may leave the user to the shell, and takes variables in places and keys; one that is not set is told", () => {
    const ssh = "executor: slurm\nssh_tunnel: { host: h, user: null, job_dir: '/lustre/$GROUP/${USER}', identity: ";
    const { ssh: target, jobDir } = parseCluster(`${ssh}~/.ssh/$GROUP }\n`, "c.yaml", env);
    expect([target?.user, target?.identityFile, jobDir]).toEqual([
      "alice",
      "/home/alice/.ssh/nlp",
      "/lustre/nlp/alice",
    ]);
    expect(mistakes(`${ssh}~/.ssh/$TEAM }\n`)).toEqual([
      "c.yaml:2:81: ssh_tunnel.identity: $TEAM is not set; set it in your shell, or write its value here",
    ]);
  });

  test("tells every key that it does not know, at any depth, and asks for no account", () => {
    const text = "executor: slurm\njob_dir: /j\ncontainer: {}\nssh_tunnel: { host: h, hots: x }\nclean: { max: 1 }\n";
    expect(mistakes(text)).toEqual([
      "c.yaml:3:1: container: unknown key; did you mean containers?",
      "c.yaml:4:24: ssh_tunnel.hots: unknown key; did you mean host?",
      expect.stringMatching(/^c\.yaml:5:10: clean\.max: unknown key/) as string,
    ]);
    expect(cluster("")).not.toHaveProperty("account");
  });

  test("is found by its name in the folder that either variable names, and one that is nowhere is told", async () => {
    await using folder = await temporaryDirectory();
    await writeFiles(folder.path, { "there/dgx.yaml": "executor: local\n" });
    const options = { cwd: folder.path, home: `${folder.path}/home` };
    for (const variable of ["SLIPWAY_CONFIG_DIR", "NEMO_SKILLS_CONFIG_DIR"]) {
      const found = await findCluster("dgx", { ...options, env: { [variable]: `${folder.path}/there` } });
      expect(found).toMatchObject({ name: "dgx", file: `${folder.path}/there/dgx.yaml` });
    }
    await expect(findCluster("dgx", { ...options, env: {} })).rejects.toMatchObject({
      code: "CONFIG_CLUSTER_NOT_FOUND",
      details: { known: ["local"] },
    });
    await expect(findCluster("./no.yaml", { ...options, env: {} })).rejects.toMatchObject({
      code: "CONFIG_CLUSTER_NOT_FOUND",
      message: "There is no cluster file no.yaml",
    });
  });
});

test("mounts keep what they say of both sides, in their order, read-only or not", () => {
  const { mounts } = cluster("mounts: ['/lustre/data:/data', '/lustre/data2:/data2:ro', '/lustre:/lustre:rw']\n");
  expect(mounts).toEqual([
    { source: "/lustre/data", target: "/data", readOnly: false },
    { source: "/lustre/data2", target: "/data2", readOnly: true },
    { source: "/lustre", target: "/lustre", readOnly: false },
  ]);
});

test.each(["/data", "/a:/b:/c:ro", "/a:/b:z", ":/b", "/a:"])(
  "%j is no mount, which is told with its place",
  (mount) => {
    expect(mistakes(`executor: local\nmounts: ["${mount}"]\n`)).toEqual([
      `c.yaml:2:10: mounts.0: expected SOURCE:TARGET or SOURCE:TARGET:ro, got "${mount}"`,
    ]);
  },
);

test("a variable's value is what stands behind the first =, as it is written", () => {
  const { env: rules } = cluster(
    `env_vars: [FOO=a=b, "OPTS=--x='1 2'", PLACE=$USER/x, EMPTY=, WANDB]\nrequired_env_vars: [TEAM, MODE=fast]\n`,
  );
  expect(rules).toEqual([
    { name: "FOO", value: "a=b", isRequired: false },
    { name: "OPTS", value: "--x='1 2'", isRequired: false },
    { name: "PLACE", value: "$USER/x", isRequired: false },
    { name: "EMPTY", value: "", isRequired: false },
    { name: "WANDB", isRequired: false },
    { name: "TEAM", isRequired: true },
    { name: "MODE", value: "fast", isRequired: true },
  ]);
});

test.each([
  ["jobs: { a: { run: x } }\n", "e.yaml:1:1: name: missing; expected a name"],
  ["name: e\n", "e.yaml:1:1: jobs: missing; expected a map of jobs by name"],
  ["name: e\njobs: { a: {} }\n", expect.stringMatching(/^e\.yaml:2:\d+: jobs\.a: missing/)],
  [
    "name: e\njobs: { a: { group: { x: { run: x }, y: {} } } }\n",
    expect.stringMatching(/^e\.yaml:2:\d+: jobs\.a\.group\.y/),
  ],
])("an experiment without what it needs is told where it is missing: %j", (text, mistake) => {
  expect(mistakesOf(() => parseExperiment(text, "e.yaml"))).toEqual([mistake]);
});

test("needs that are none leave a job without any, and after names what is outside", () => {
  const text =
    "name: e\nafter: other\njobs: { a: { run: x, needs: }, b: { run: x, needs: [] }, c: { run: x, needs: a } }\n";
  const { jobs, afterByJob } = parseExperiment(text, "e.yaml");
  expect(jobs.map(({ name, needs }) => [name, needs])).toEqual([
    ["a", []],
    ["b", []],
    ["c", [{ job: "a", type: "ok" }]],
  ]);
  expect(afterByJob).toEqual({ a: [{ experiment: "other", type: "ok" }], b: [{ experiment: "other", type: "ok" }] });
});
