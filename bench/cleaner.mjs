// What cleaning costs beside find and rm: P16.
import { createHash } from "node:crypto";
import { closeSync, cpSync, mkdirSync, openSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";

import { applyCleaning, defaultPolicy, planCleaning, takeInventory } from "../packages/cleaner/dist/index.js";
import { openLocalTransport } from "../packages/transport-local/dist/index.js";
import { largeStoreRow } from "./large-store.mjs";
import { command, milliseconds, pairs } from "./pairs.mjs";

const graces = { maxAgeSeconds: 0, staleSeconds: 0, trashSeconds: 0, deletingSeconds: 0 };
const policy = { ...defaultPolicy, ...graces, keepLast: 0 };

/** `work` is a folder that keeps the generated trees, `only` an id such as `P16`; `inodes` adds a store of so many, which takes its time. */
export async function cleanerBench({ work, only, inodes }) {
  if (only !== undefined && only !== "P16") return [];
  const env = { PATH: process.env.PATH, HOME: process.env.HOME };
  const transport = openLocalTransport({ env });
  try {
    return [
      await planRow(path.join(work, "clean-plan"), transport),
      await planWithRunsRow(path.join(work, "clean-plan-runs"), transport),
      await removalRow(work, transport),
      ...(inodes > 0 ? [await largeStoreRow({ work, transport, inodes, makeStore })] : []),
    ];
  } finally {
    await transport[Symbol.asyncDispose]();
  }
}

/** Half of the bundles are leased. */
async function planRow(jobDir, transport) {
  makeStore(jobDir, { bundles: 2_000, files: 10, place: "code", hasRuns: false });
  const bare = command("find", [path.join(jobDir, "store"), "-maxdepth", "2"]);
  // On this machine a lease without a run directory is a job that is about to begin.
  const { a, b, ratio } = await pairs(planning(jobDir, transport, { removals: 1_000 }), bare, { runs: 9 });
  const memory = Math.round(process.memoryUsage().rss / 1e6);
  return {
    id: "P16",
    name: `plan for 2,000 bundles, ${memory} MB resident`,
    measured: milliseconds(a),
    against: `find -maxdepth 2 ${milliseconds(b)}`,
    ratio,
    target: 3,
  };
}

/** The jobs are over: their leases go, and then all bundles. `find` sees what the plan is made of: leases, and what lies in run directories. */
async function planWithRunsRow(jobDir, transport) {
  makeStore(jobDir, { bundles: 2_000, files: 10, place: "code", hasRuns: true });
  const folders = ["store", "runs"].map((name) => path.join(jobDir, name));
  const bare = command("find", [...folders, "-maxdepth", "4", "-name", "tree", "-prune", "-o", "-print"]);
  const { a, b, ratio } = await pairs(planning(jobDir, transport, { removals: 3_000 }), bare, { runs: 9 });
  return {
    id: "P16",
    name: "… and 2,000 run directories beside them",
    measured: milliseconds(a),
    against: `find of the same levels ${milliseconds(b)}`,
    ratio,
  };
}

function planning(jobDir, transport, { removals }) {
  return async () => {
    const inventory = await takeInventory({ transport, jobDir, scheduler: "local" });
    const { remove } = planCleaning({ inventory, policy, experiments: [] });
    if (remove.length !== removals) throw new Error(`Planned ${remove.length} removals`);
  };
}

/** 500 bundles in the trash, 12,000 files. */
async function removalRow(work, transport) {
  const [model, jobDir, other] = ["clean-model", "clean-own", "clean-other"].map((name) => path.join(work, name));
  makeStore(model, { bundles: 500, files: 24, place: "trash" });
  const purge = async () => {
    const inventory = await takeInventory({ transport, jobDir, scheduler: "local" });
    const plan = planCleaning({ inventory, policy, experiments: [] });
    const { removed } = await applyCleaning({ transport, inventory, plan });
    if (removed.length !== 500) throw new Error(`Removed ${removed.length}`);
  };
  const { a, b, ratio } = await pairs(purge, command("rm", ["-rf", path.join(other, "store/trash")]), {
    runs: 3,
    before: async () => {
      for (const copy of [jobDir, other]) {
        rmSync(copy, { recursive: true, force: true });
        cpSync(model, copy, { recursive: true });
      }
    },
  });
  return {
    id: "P16",
    name: "removal of 500 bundles of 24 files, looking and recording included",
    measured: milliseconds(a),
    against: `rm -rf of the same ${milliseconds(b)}`,
    ratio,
    target: 1.1,
  };
}

function makeStore(jobDir, { bundles, files, place, hasRuns = place === "code" }) {
  rmSync(jobDir, { recursive: true, force: true });
  for (const name of ["store/code", "store/trash", "runs"]) mkdirSync(path.join(jobDir, name), { recursive: true });
  writeFileSync(path.join(jobDir, "store/layout.json"), '{"version":1,"clusterName":"local"}\n');
  for (let number = 0; number < bundles; number++) {
    const instance = `${createHash("sha256").update(String(number)).digest("hex")}.n${number}`;
    const folder = path.join(jobDir, "store", place, instance);
    mkdirSync(path.join(folder, "tree"), { recursive: true });
    writeFileSync(
      path.join(folder, "manifest"),
      `slipway-manifest 1 files=${files} symlinks=0 directories=0 bytes=${files}\n`,
    );
    for (let file = 0; file < files; file++) closeSync(openSync(path.join(folder, "tree", `f${file}`), "w"));
    if (place === "code") mkdirSync(path.join(folder, "L"));
    if (place === "code" && number % 2 === 0) mkdirSync(path.join(folder, "L", `j.local.${number}`));
    if (!hasRuns) continue;
    const run = path.join(jobDir, "runs", `e-${number}`, "job");
    mkdirSync(run, { recursive: true });
    symlinkSync(`../../../store/code/${instance}/tree`, path.join(run, "code"));
    writeFileSync(path.join(run, "commit"), "version=1\ntoken=e.job.1\npid=99\nstart=1\nboot=another\nend=1\n");
  }
}
