// Work on a cluster beside ssh and sbatch themselves, on a private cluster: P8, P9, P13, P14, P15.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";

import { createSlurmExecutor } from "../packages/executor-slurm/dist/index.js";
import { packBundle } from "../packages/packager/dist/index.js";
import { openCluster } from "./cluster.mjs";
import { command, milliseconds, pairs, sequence } from "./pairs.mjs";

const ids = ["P8", "P9", "P13", "P14", "P15"];

/** `slipway` is the command's script, `work` a folder for what is generated, `only` an id such as `P8`. */
export async function slurmBench({ slipway, work, only, delayMs }) {
  if (only !== undefined && !ids.includes(only)) return [];
  const cluster = await openCluster(work, { delayMs });
  if (!cluster) return [];
  try {
    const bench = await prepare(cluster, slipway);
    const rows = [];
    for (const [id, measure] of Object.entries({
      P8: warmSubmit,
      P9: coldSubmit,
      P13: status,
      P14: follow,
      P15: manyJobs,
    })) {
      if (only !== undefined && only !== id) continue;
      const measured = await measure(bench);
      rows.push(...measured.map((row) => ({ id, ...row })));
      await cluster.forgetJobs();
    }
    return rows;
  } finally {
    await cluster.close();
  }
}

async function prepare(cluster, slipway) {
  const repo = path.join(cluster.scratch, "repo");
  mkdirSync(repo);
  writeFileSync(path.join(repo, "train.py"), "print('training')\n");
  const { env } = cluster;
  const git = (...args) =>
    execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@b", ...args], { cwd: repo, env });
  git("init", "-q");
  git("add", ".");
  git("commit", "-qm", "x");
  const bundle = await packBundle({ cwd: repo, env, cacheDirectory: path.join(cluster.scratch, "cache") });
  return {
    cluster,
    slipway,
    repo,
    bundle,
    run: (...args) => command(process.execPath, [slipway, ...args], { cwd: repo, env }),
  };
}

/** An executor on a connection that is open, and submissions through it as `run` does them. */
async function openExecutor({ cluster, bundle }) {
  const transport = await cluster.connect();
  const executor = createSlurmExecutor({
    transport,
    jobDir: cluster.jobDir,
    cluster: { name: "cluster", partition: "main" },
    cacheDirectory: path.join(cluster.scratch, "slurm-cache"),
  });
  let number = 0;
  const submit = async (jobs) => {
    const code = await executor.stage(bundle);
    const experiment = `bench-${process.pid}-${number++}`;
    return executor.submit(
      jobs.map((job) => executor.plan(job, { experiment, code, secrets: {}, comments: [], tryNumber: 1 })),
    );
  };
  return { transport, executor, submit };
}

const later = { begin: "now+1hour" };

function jobOf(name, argv = ["true"], sbatch = later) {
  const resources = { timeLimitSeconds: 300 };
  return { name, command: { kind: "argv", argv }, resources, env: {}, needs: [], sbatch };
}

async function warmSubmit(bench) {
  const { transport, submit } = await openExecutor(bench);
  await submit([jobOf("train")]); // The code is there from now on, and what all scripts share.
  const sbatch = bench.cluster.warm("sbatch", "job.sh");
  const { a, b, ratio } = await pairs(() => submit([jobOf("train")]), sbatch, { runs: 15 });
  transport.take();
  await submit([jobOf("train")]);
  const { commands, sent } = transport.take();
  await transport[Symbol.asyncDispose]();
  return [
    {
      name: "submit of unchanged code on an open connection",
      measured: milliseconds(a),
      against: `ssh h sbatch job.sh over ControlMaster ${milliseconds(b)}`,
      ratio,
      target: 1.3,
    },
    { name: "… its commands", measured: `${commands}`, against: "2", ratio: commands / 2, target: 1 },
    { name: "… what it sends", measured: `${sent} bytes`, against: "8 KB", ratio: sent / 8192, target: 1 },
  ];
}

async function coldSubmit({ cluster, run }) {
  const ours = run("run", "--cluster", "cluster", "--", "python3", "train.py");
  const peer = sequence(cluster.cold("sbatch", "job.sh"), command(process.execPath, ["-e", ""]));
  const { a, b, ratio } = await pairs(ours, peer, { runs: 11 });
  return [
    {
      name: "the same from a cold start",
      measured: milliseconds(a),
      against: `ssh h sbatch job.sh + node -e '' ${milliseconds(b)}`,
      ratio,
      target: 1.3,
    },
  ];
}

async function status(bench) {
  const { transport, executor, submit } = await openExecutor(bench);
  const jobs = Array.from({ length: 1000 }, (_, index) => jobOf(`j${index}`));
  const handles = await submit(jobs);
  bench.cluster.takeCalls();
  transport.take();
  // What was asked a moment ago is not asked again: all of it once more, as another laptop would.
  const other = createSlurmExecutor({ transport, jobDir: bench.cluster.jobDir, cluster: { name: "cluster" } });
  const statuses = await other.poll(handles);
  const { commands, sent, received } = transport.take();
  const { squeue, sacct } = bench.cluster.takeCalls();
  if (statuses.size !== 1000) throw new Error(`Only ${statuses.size} statuses`);
  await transport[Symbol.asyncDispose]();
  void executor;
  const perJob = (sent + received) / 1000;
  return [
    {
      name: "questions to Slurm for the status of 1,000 jobs",
      measured: `${squeue} squeue, ${sacct} sacct`,
      against: "2",
      ratio: (squeue + sacct) / 2,
      target: 1,
    },
    { name: "… its commands", measured: `${commands}`, against: "1", ratio: commands, target: 1 },
    {
      name: "… its bytes, both ways",
      measured: `${perJob.toFixed(0)} per job`,
      against: "60",
      ratio: perJob / 60,
      target: 1,
    },
  ];
}

async function follow(bench) {
  const { transport, executor, submit } = await openExecutor(bench);
  // 1 MB in 10 s: 100 lines of 1 KB ten times a second.
  const script =
    'line=$(printf %1023s x); for i in $(seq 100); do for j in $(seq 10); do echo "$line"; done; sleep 0.1; done';
  const [handle] = await submit([jobOf("talk", ["bash", "-c", script], {})]);
  for await (const chunk of executor.logs(handle, { follow: true })) if (chunk.bytes.length > 0) break; // It has begun.
  bench.cluster.takeCalls();
  transport.take();
  let bytes = 0;
  for await (const chunk of executor.logs(handle, { follow: true })) bytes += chunk.bytes.length;
  const { commands, received } = transport.take();
  const { squeue, sacct } = bench.cluster.takeCalls();
  await transport[Symbol.asyncDispose]();
  if (bytes !== 1_024_000) throw new Error(`${bytes} bytes of the log`);
  return [
    {
      name: "bytes to follow a log of 1 MB that grows for 10 s",
      measured: `${received}`,
      against: `${bytes} new`,
      ratio: received / bytes,
      target: 1.1,
    },
    {
      name: `… in ${commands} commands with ${squeue} squeue; questions to accounting`,
      measured: `${sacct}`,
      against: "0",
      ratio: sacct,
      target: 0,
    },
  ];
}

async function manyJobs({ cluster, run, repo }) {
  const jobs = Object.fromEntries(
    Array.from({ length: 200 }, (_, index) => [`j${index}`, { argv: ["python3", "train.py"] }]),
  );
  writeFileSync(path.join(repo, "many.yaml"), JSON.stringify({ name: "many", cluster: "cluster", jobs }));
  const peer = cluster.warm("for i in $(seq 200); do sbatch job.sh; done");
  const { a, b, ratio } = await pairs(run("run", "many.yaml"), peer, { runs: 3 });
  return [
    {
      name: "200 separate jobs in one experiment",
      measured: milliseconds(a),
      against: `a loop of sbatch on the login node ${milliseconds(b)}`,
      ratio,
      target: 1.2,
    },
  ];
}
