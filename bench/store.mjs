// The way of the code to a cluster beside tar, ssh and rsync, over a private sshd: P7, P10, P11, P12.
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  appendFileSync,
  createReadStream,
  cpSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import process from "node:process";
import { gzipSync } from "node:zlib";

import { renderManifest } from "../packages/core/dist/index.js";
import { packBundle } from "../packages/packager/dist/index.js";
import { connectSsh } from "../packages/ssh/dist/index.js";
import { createCodeStore } from "../packages/store/dist/index.js";
import { openCluster } from "./cluster.mjs";
import { makeTree, t3 } from "./packager.mjs";
import { command, milliseconds, pairs, sequence } from "./pairs.mjs";

const measures = { P7: firstSubmit, P10: changedSubmit, P11: bigUpload, P12: manySubmits };

/** `slipway` is the command's script, `work` a folder that keeps the generated trees, `only` an id such as `P10`. */
export async function storeBench({ slipway, work, only, delayMs }) {
  if (only !== undefined && !(only in measures)) return [];
  const cluster = await openCluster(work, { delayMs });
  if (!cluster) return [];
  try {
    const tree = path.join(cluster.scratch, "t3");
    cpSync(makeTree(path.join(work, "t3"), t3), tree, { recursive: true });
    execFileSync("git", ["status"], { cwd: tree }); // As anybody's: of files that were copied git reads all each time, until then.
    const bench = { cluster, tree, config: path.join(cluster.scratch, "ssh_config"), slipway };
    const rows = [];
    for (const [id, measure] of Object.entries(measures)) {
      if (only !== undefined && only !== id) continue;
      rows.push(...(await measure(bench)).map((row) => ({ id, ...row })));
      await cluster.forgetJobs();
    }
    return rows;
  } finally {
    await cluster.close();
  }
}

const changedFile = path.join("p0", "m12", "d12", "file_12.py");
const change = (tree) => appendFileSync(path.join(tree, changedFile), `# ${randomBytes(8).toString("hex")}\n`);
const submit = ({ cluster, tree, slipway }) =>
  command(process.execPath, [slipway, "run", "--cluster", "cluster", "--", "true"], { cwd: tree, env: cluster.env });

/** All that a first submit does, beside the transfer alone. */
async function firstSubmit(bench) {
  const { cluster, tree, config } = bench;
  const plain = path.join(path.dirname(cluster.jobDir), "plain");
  const pipeline = `tar cf - --exclude=.git . | gzip -1 | ssh -F ${config} cluster "mkdir -p ${plain} && tar xzf - -C ${plain}"`;
  const start = command(process.execPath, ["-e", ""]);
  const peer = sequence(command("sh", ["-c", pipeline], { cwd: tree, env: cluster.env }), start);
  const remembered = path.join(cluster.scratch, ".cache", "slipway", "slurm"); // HOME is the scratch folder.
  let round = 0;
  // Moved away, not deleted: ext4 makes files slowly where many were deleted a moment ago.
  const before = async () => {
    round += 1;
    for (const folder of [cluster.jobDir, plain]) if (existsSync(folder)) renameSync(folder, `${folder}.${round}`);
    rmSync(remembered, { recursive: true, force: true });
  };
  const { a, b, ratio } = await pairs(submit(bench), peer, { runs: 5, before });
  const against = `tar | gzip -1 | ssh h tar xz + node -e '' ${milliseconds(b)}`;
  return [{ name: "first submit of 3,546 files, 51 MB", measured: milliseconds(a), against, ratio, target: 1.15 }];
}

/** The whole command after one file has changed, beside the same with nothing changed. */
async function changedSubmit(bench) {
  const { tree } = bench;
  const run = submit(bench);
  await run();
  const { a, b, ratio } = await pairs(run, run, { runs: 9, before: async () => change(tree) });
  const { sent, bundle } = await sendOneChange(bench);
  const manifestBytes = renderManifest(bundle.manifest).length;
  const fileBytes = gzipSync(execFileSync("cat", [changedFile], { cwd: tree }), { level: 1 }).length;
  const allowed = fileBytes + 0.02 * manifestBytes + 8192;
  return [
    {
      name: "submit after a change of one file of 3,546",
      measured: milliseconds(a),
      against: `submit of unchanged code ${milliseconds(b)}`,
      ratio,
      target: 1.2,
    },
    {
      name: "… what sending its code takes (the submission itself: P8)",
      measured: `${sent} bytes`,
      against: `the file packed (${fileBytes}) + 2 % of the manifest (${manifestBytes}) + 8 KB`,
      ratio: sent / allowed,
      target: 1,
    },
  ];
}

async function sendOneChange(bench) {
  const transport = countingInput(await connect(bench));
  const store = openStore(bench, transport);
  await store.stage(await pack(bench));
  change(bench.tree);
  const bundle = await pack(bench);
  transport.take();
  await store.stage(bundle);
  await transport[Symbol.asyncDispose]();
  return { sent: transport.take(), bundle };
}

async function bigUpload(bench) {
  const { cluster, config } = bench;
  const file = path.join(cluster.scratch, "random");
  if (!existsSync(file)) writeFileSync(file, randomBytes(100_000_000));
  const target = path.join(path.dirname(cluster.jobDir), "upload");
  const ours = async () => {
    const transport = await connect(bench);
    const stdin = createReadStream(file, { highWaterMark: 1 << 19 });
    await transport.exec(["sh", "-c", 'cat >"$1"', "sh", target], { stdin });
    await transport[Symbol.asyncDispose]();
    if (statSync(target).size !== 100_000_000) throw new Error("Not all has arrived");
  };
  const cipher = "-c aes128-gcm@openssh.com";
  const peer = command("sh", ["-c", `ssh ${cipher} -F ${config} cluster 'cat >${target}' <${file}`], {
    env: cluster.env,
  });
  const { a, b, ratio } = await pairs(ours, peer, { runs: 5 });
  const against = `ssh ${cipher} h 'cat > f' ${milliseconds(b)}`;
  return [{ name: "upload of 100 MB that does not compress", measured: milliseconds(a), against, ratio, target: 1.15 }];
}

const submissions = 100;

/** What 100 versions of the code take there, beside rsync's way and a copy each. */
async function manySubmits(bench) {
  const { cluster, tree } = bench;
  execFileSync("rm", ["-rf", cluster.jobDir]);
  const transport = await connect(bench);
  const store = openStore(bench, transport);
  const rsync = hasRsync() ? rsyncCopies(bench) : undefined;
  let changedBytes = 0;
  let first;
  for (let number = 0; number < submissions; number++) {
    const { instance } = await store.stage(await pack(bench));
    if (number === 0) first = path.join(cluster.jobDir, "store", "code", instance);
    else changedBytes += statSync(path.join(tree, changedFile)).size;
    rsync?.add();
    change(tree);
  }
  await transport[Symbol.asyncDispose]();
  const one = sizeOf(path.join(first, "tree"));
  const all = sizeOf(path.join(cluster.jobDir, "store", "code"), "-path '*/tree/*'");
  const whole = sizeOf(path.join(cluster.jobDir, "store", "code"));
  const inodeLimit = one.files + (one.directories + 20) * submissions;
  const byRsync = rsync && sizeOf(rsync.root);
  const besides = byRsync ? `; rsync --link-dest ${show(byRsync)}` : "; rsync is not installed";
  const each = `a copy each ${show({ bytes: one.bytes * submissions, inodes: one.inodes * submissions })}`;
  const allowed = 1.05 * one.bytes + changedBytes;
  return [
    {
      name: `bytes of code after ${submissions} submits with a change of one file each`,
      measured: show(all),
      against: `1.05 × one copy + the changes: ${(allowed / 1e6).toFixed(1)} MB (${each}${besides})`,
      ratio: all.bytes / allowed,
      target: 1,
    },
    {
      name: "… with the manifests, one for each",
      measured: show(whole),
      against: "the same",
      ratio: whole.bytes / allowed,
      target: 1,
    },
    {
      name: "… inodes",
      measured: `${whole.inodes}`,
      against: `files + (directories + 20) × ${submissions} = ${inodeLimit}`,
      ratio: whole.inodes / inodeLimit,
      target: 1,
    },
  ];
}

const show = ({ bytes, inodes }) => `${(bytes / 1e6).toFixed(1)} MB in ${inodes} inodes`;

/** Each inode once: the sizes of files, and how many there are of what. */
function sizeOf(folder, where = "") {
  const script = `find "$1" ${where} -printf '%i %y %s\\n' | sort -u`;
  const lines = execFileSync("sh", ["-c", script, "sh", folder], { encoding: "utf8", maxBuffer: 1 << 28 }).split("\n");
  const found = lines.filter(Boolean).map((line) => line.split(" "));
  const files = found.filter(([, kind]) => kind === "f");
  return {
    bytes: files.reduce((sum, [, , size]) => sum + Number(size), 0),
    inodes: found.length,
    files: files.length,
    directories: found.filter(([, kind]) => kind === "d").length,
  };
}

function hasRsync() {
  return execFileSync("sh", ["-c", "command -v rsync || true"], { encoding: "utf8" }) !== "";
}

function rsyncCopies({ cluster, tree, config }) {
  const root = path.join(path.dirname(cluster.jobDir), "rsync");
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root);
  execFileSync("chown", [String(cluster.testbed.ssh.uid), root]);
  let number = 0;
  return {
    root,
    add() {
      const links = number > 0 ? [`--link-dest=${root}/${number - 1}`] : [];
      const shell = `ssh -F ${config} -S ${path.join(cluster.scratch, "ctl")}`;
      const args = ["-rlpt", "--checksum", "--exclude=.git", ...links, "-e", shell, "./", `cluster:${root}/${number}`];
      execFileSync("rsync", args, { cwd: tree, env: cluster.env });
      number += 1;
    },
  };
}

const connect = ({ cluster, config }) =>
  connectSsh({ host: "cluster" }, { env: cluster.env, configFile: config, transport: "ssh2" });

const openStore = ({ cluster }, transport) =>
  createCodeStore({
    transport,
    root: cluster.jobDir,
    clusterName: cluster.testbed.clusterName,
    cacheDirectory: path.join(cluster.scratch, "manifests"),
  });

const pack = ({ cluster, tree }) =>
  packBundle({ cwd: tree, env: cluster.env, cacheDirectory: path.join(cluster.scratch, "cache") });

/** Counts arguments and input. */
function countingInput(transport) {
  let sent = 0;
  return {
    ...transport,
    take() {
      const taken = sent;
      sent = 0;
      return taken;
    },
    exec(argv, options = {}) {
      sent += Buffer.byteLength(argv.join(" "));
      return transport.exec(argv, { ...options, stdin: options.stdin && counted(options.stdin) });
    },
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };

  async function* counted(input) {
    const isWhole = typeof input === "string" || input instanceof Uint8Array;
    for await (const bytes of isWhole ? [Buffer.from(input)] : input) {
      sent += bytes.length;
      yield bytes;
    }
  }
}
