import { invalidExecutorOptions, parseCluster } from "@slipway/config";
import { expect, test } from "vitest";

import { mistakesOf } from "./mistakes.ts";

const env = { USER: "alice", HOME: "/home/alice", GROUP: "nlp", EMPTY: "" };
const mistakes = (text: string) => mistakesOf(() => parseCluster(text, "dgx.yaml", env));

const plain = {
  name: "dgx",
  shadows: [],
  executorOptions: {},
  jobNamePrefix: "",
  containers: {},
  mounts: [],
  env: [],
  secrets: [],
  timeLimitSecondsByPartition: {},
  dependencyType: "ok",
  omitGpusPerNode: false,
  skipsHfHomeCheck: false,
  sbatch: {},
  clean: {},
};

test("reads every setting of a cluster file", () => {
  const text = `executor: slurm
ssh_tunnel:
  host: login.cluster.org
  user: $USER
  port: 2222
  identity: ~/.ssh/\${USER}_ed25519
  job_dir: /lustre/$GROUP/\${USER}/slipway
  pre_command: module load slurm && cd $HOME
  transport: openssh
account: my-account
partition: 007
cpu_partition: cpu
qos: normal
job_name_prefix: "me:"
containers: { torch: /images/torch.sqsh }
container_runtime: pyxis
mounts: ["/lustre/data:/data:ro", "/a:/b", "/c:/d:rw", "\${SCRATCH}:/scratch", "{MODELS}:/models"]
env_vars: ["HF_HOME=/data/hf", "OPTS=--a=b --c=$X", "WANDB_PROJECT", "EMPTY="]
required_env_vars: [TEAM]
secrets: [HF_TOKEN, WANDB_API_KEY]
default_timeout: 4:00:00
timeouts: { short: 1:00:00, mini: 30 }
dependency_type: afterany
disable_gpus_per_node: true
mail_type: FAIL
mail_user: me@example.org
sbatch: { constraint: a100, exclusive: true, requeue: false, priority: 010 }
poll: { min_seconds: 15 }
clean: { max_age: 14d, max_size: 50GB, max_inodes: 100000, keep_last: 3, runs_max_age: 30d, auto: false }
`;
  expect(parseCluster(text, "/etc/clusters/dgx.yaml", env)).toEqual({
    name: "dgx",
    file: "/etc/clusters/dgx.yaml",
    shadows: [],
    executor: "slurm",
    executorOptions: {},
    ssh: {
      host: "login.cluster.org",
      user: "alice",
      port: 2222,
      identityFile: "/home/alice/.ssh/alice_ed25519",
      preCommand: "module load slurm && cd $HOME",
      transport: "openssh",
    },
    jobDir: "/lustre/nlp/alice/slipway",
    account: "my-account",
    partition: "007",
    cpuPartition: "cpu",
    qos: "normal",
    jobNamePrefix: "me:",
    containers: { torch: "/images/torch.sqsh" },
    containerRuntime: "pyxis",
    mounts: [
      { source: "/lustre/data", target: "/data", readOnly: true },
      { source: "/a", target: "/b", readOnly: false },
      { source: "/c", target: "/d", readOnly: false },
      { source: "${SCRATCH}", target: "/scratch", readOnly: false },
      { source: "{MODELS}", target: "/models", readOnly: false },
    ],
    env: [
      { name: "HF_HOME", value: "/data/hf", isRequired: false },
      { name: "OPTS", value: "--a=b --c=$X", isRequired: false },
      { name: "WANDB_PROJECT", isRequired: false },
      { name: "EMPTY", value: "", isRequired: false },
      { name: "TEAM", isRequired: true },
    ],
    secrets: ["HF_TOKEN", "WANDB_API_KEY"],
    defaultTimeLimitSeconds: 14_400,
    timeLimitSecondsByPartition: { short: 3_600, mini: 1_800 },
    dependencyType: "any",
    skipsHfHomeCheck: false,
    omitGpusPerNode: true,
    mailType: "FAIL",
    mailUser: "me@example.org",
    sbatch: { constraint: "a100", exclusive: true, requeue: false, priority: "010" },
    pollMinSeconds: 15,
    clean: {
      maxAgeSeconds: 1_209_600,
      maxBytes: 50e9,
      maxInodes: 100_000,
      keepLast: 3,
      runsMaxAgeSeconds: 2_592_000,
      auto: false,
    },
  });
});

test("reads a NeMo-Skills file for a Slurm cluster as it is", () => {
  const text = `executor: slurm
containers:
  # none yet
job_name_prefix: "nemo_skills:"
ssh_tunnel:
  host: login
  user:
  job_dir: /lustre/$USER/jobs
  shell: /bin/bash
account: a
cpu_partition:
mounts:
  - /lustre/models:/models
default_timeout: "06:00:00"
timeouts:
  batch: "01:02:03:04"
env_vars:
  - HF_HOME=/models/hf-cache
num_workers: 8
skip_hf_home_check: true
sandbox_extra_srun_args: []
`;
  expect(parseCluster(text, "dgx.yaml", env)).toEqual({
    ...plain,
    file: "dgx.yaml",
    executor: "slurm",
    ssh: { host: "login", user: "alice", transport: "auto" },
    jobDir: "/lustre/alice/jobs",
    account: "a",
    jobNamePrefix: "nemo_skills:",
    mounts: [{ source: "/lustre/models", target: "/models", readOnly: false }],
    env: [{ name: "HF_HOME", value: "/models/hf-cache", isRequired: false }],
    defaultTimeLimitSeconds: 21_600,
    timeLimitSecondsByPartition: { batch: 93_784 },
    skipsHfHomeCheck: true,
  });
});

test.each([
  ["local", "local"],
  ["none", "local"],
  ["slurm\njob_dir: /x", "slurm"],
  ["'@acme/executor-pbs'", "@acme/executor-pbs"],
  ["./pbs.js", "./pbs.js"],
])("reads the executor %j as %s", (written, executor) => {
  expect(parseCluster(`executor: ${written}\n`, "dgx.yaml", env).executor).toBe(executor);
});

test.each([
  ["", "dgx.yaml:1:1: executor: missing; expected slurm, local or a custom executor's name"],
  ["executor: slrum\n", 'dgx.yaml:1:11: executor: there is no executor "slrum"; did you mean slurm?'],
  ["executor: local\nexecutor_options: {}\n", "dgx.yaml:2:1: executor_options: the executor local takes no options"],
  [
    "executor: ./pbs.mjs\nexecutor_options: [1]\n",
    "dgx.yaml:2:19: executor_options: expected a map of options, got a list",
  ],
  ["executor: slurm\n", "dgx.yaml:1:1: job_dir: missing; expected an absolute path on the cluster"],
  ["executor: slurm\njob_dir: data/jobs\n", 'dgx.yaml:2:10: job_dir: expected an absolute path, got "data/jobs"'],
  ["executor: slurm\njob_dir: $USER/jobs\n", 'dgx.yaml:2:10: job_dir: expected an absolute path, got "alice/jobs"'],
  [
    "executor: local\njob_dir: /x/$TEAM/${TEAM}\n",
    "dgx.yaml:2:10: job_dir: $TEAM is not set; set it in your shell, or write its value here",
  ],
  [
    "executor: local\njob_dir: /x/$(whoami)\n",
    'dgx.yaml:2:10: job_dir: expected a variable\'s name after each "$", got "/x/$(whoami)"',
  ],
  [
    "executor: slurm\nssh_tunnel: {host: h}\n",
    "dgx.yaml:2:1: ssh_tunnel.job_dir: missing; expected an absolute path on the cluster",
  ],
  [
    "executor: slurm\njob_dir: /x\nssh_tunnel: {host: h, user: $EMPTY}\n",
    "dgx.yaml:3:29: ssh_tunnel.user: $EMPTY is not set; set it in your shell, or write its value here",
  ],
  [
    "executor: slurm\njob_dir: /x\nssh_tunnel: {host: h, identity: ~/$KEY}\n",
    "dgx.yaml:3:33: ssh_tunnel.identity: $KEY is not set; set it in your shell, or write its value here",
  ],
  ["executor: slurm\njob_dir: /x\nssh_tunnel: {}\n", "dgx.yaml:3:1: ssh_tunnel.host: missing; expected a host's name"],
  [
    "executor: slurm\njob_dir: /x\nssh_tunnel: {host: -oProxyCommand=x}\n",
    'dgx.yaml:3:20: ssh_tunnel.host: expected a host\'s name, got "-oProxyCommand=x"',
  ],
  [
    "executor: slurm\njob_dir: /x\nssh_tunnel: {host: h, port: 70000}\n",
    "dgx.yaml:3:29: ssh_tunnel.port: expected a port of at most 65535, got 70000",
  ],
  [
    "executor: slurm\njob_dir: /x\nssh_tunnel: {host: h, prot: 22}\n",
    "dgx.yaml:3:23: ssh_tunnel.prot: unknown key; did you mean port?",
  ],
  ["executor: local\nmounts: [/a]\n", 'dgx.yaml:2:10: mounts.0: expected SOURCE:TARGET or SOURCE:TARGET:ro, got "/a"'],
  ["executor: local\nenv_vars: [1A=secret]\n", 'dgx.yaml:2:12: env_vars.0: expected NAME or NAME=value, got "1A=…"'],
  [
    "executor: local\ndependency_type: after\n",
    'dgx.yaml:2:18: dependency_type: expected one of afterok, afterany, afternotok, got "after"',
  ],
  [
    "executor: local\ndisable_gpus_per_node: yes\n",
    'dgx.yaml:2:24: disable_gpus_per_node: expected true or false, got "yes"',
  ],
  [
    "executor: local\ncontainers: {torch: }\n",
    "dgx.yaml:2:14: containers.torch: expected an image or a path, got nothing",
  ],
  [
    "executor: local\nclean: {max_age: old}\n",
    'dgx.yaml:2:18: clean.max_age: expected a duration such as 4h, 90m, 1h30m or 1-12:30:00, got "old"',
  ],
])("tells of the mistake in %j", (text, mistake) => {
  expect(mistakes(text)).toEqual([mistake]);
});

test("keeps the options of a custom executor as YAML reads them, without variables", () => {
  const text = "executor: '@acme/pbs'\nexecutor_options:\n  queue: $Q\n  nested: { slots: 4, none: , on: true }\n";
  expect(parseCluster(text, "dgx.yaml", env).executorOptions).toEqual({
    queue: "$Q",
    nested: { slots: 4, none: null, on: true },
  });
});

test("what an executor finds wrong in its options is told at its place", () => {
  const text = "executor: ./pbs.mjs\nexecutor_options:\n  queue: long\n  nested: { slots: many }\n";
  const issues = [{ message: "expected a number", path: ["nested", { key: "slots" }] }, { message: "all wrong" }];
  expect(
    mistakesOf(() => {
      throw invalidExecutorOptions(text, "dgx.yaml", issues);
    }),
  ).toEqual([
    "dgx.yaml:4:20: executor_options.nested.slots: expected a number",
    "dgx.yaml:3:3: executor_options: all wrong",
  ]);
});
