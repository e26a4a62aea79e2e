// A store of 2,000 bundles and as many inodes as are wanted: how long a plan and its work take, and how much memory.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";

import { applyCleaning, defaultPolicy, planCleaning, takeInventory } from "../packages/cleaner/dist/index.js";
import { command, milliseconds, seconds } from "./pairs.mjs";

const bundles = 2_000;
/** Wants nothing, at once. */
const policy = { ...defaultPolicy, maxAgeSeconds: 0, keepLast: 0, staleSeconds: 0, maxInodes: 0 };

export async function largeStoreRow({ work, transport, inodes, makeStore }) {
  const jobDir = path.join(work, "clean-large");
  const files = Math.round(inodes / bundles) - 5;
  const measured = measuring(transport);
  try {
    makeStore(jobDir, { bundles, files, place: "code" });
    const look = async () => {
      const inventory = await takeInventory({ transport: measured.transport, jobDir, scheduler: "local" });
      return { inventory, plan: planCleaning({ inventory, policy, experiments: [] }) };
    };
    await look();
    const { inventory, plan } = await look();
    const planning = await seconds(look);
    const find = await seconds(command("find", [path.join(jobDir, "store"), "-maxdepth", "2"]));
    const removal = await seconds(async () => {
      const { kept } = await applyCleaning({ transport: measured.transport, inventory, plan });
      if (kept.length > 0) throw new Error(`Kept ${kept.length}: ${kept[0].why}`);
    });
    const left =
      readdirSync(path.join(jobDir, "store/code")).length + readdirSync(path.join(jobDir, "store/trash")).length;
    if (left > 0) throw new Error(`Left ${left}`);
    makeStore(jobDir, { bundles, files, place: "code" });
    const bare = await seconds(command("rm", ["-rf", path.join(jobDir, "store/code")]));
    const own = Math.round(process.resourceUsage().maxRSS / 1024);
    const perSecond = (time) => `${Math.round(inodes / time / 1000)},000 inodes a second`;
    return {
      id: "P16",
      name: `${bundles} bundles, ${inodes} inodes: plan in ${milliseconds(planning)} (find ${milliseconds(find)}); at most ${own} MB here, ${measured.mostMegabytes() ?? "?"} MB in a process there`,
      measured: `removed in ${removal.toFixed(1)} s, ${perSecond(removal)}`,
      against: `rm -rf ${bare.toFixed(1)} s, ${perSecond(bare)}`,
      ratio: removal / bare,
      target: 1.1,
    };
  } finally {
    measured.dispose();
    rmSync(jobDir, { recursive: true, force: true });
  }
}

/** The same transport, with GNU time around each command where that is installed: it tells the greatest process of each. */
function measuring(transport) {
  const folder = mkdtempSync(path.join(tmpdir(), "slipway-bench-"));
  let calls = 0;
  const around = existsSync("/usr/bin/time")
    ? (argv) => ["/usr/bin/time", "-f", "%M", "-o", path.join(folder, String(calls++)), ...argv]
    : (argv) => argv;
  return {
    transport: { ...transport, host: transport.host, exec: (argv, options) => transport.exec(around(argv), options) },
    mostMegabytes() {
      const kilobytes = readdirSync(folder).map((name) => Number(readFileSync(path.join(folder, name), "utf8")));
      return kilobytes.length === 0 ? undefined : Math.round(Math.max(...kilobytes) / 1024);
    },
    dispose: () => rmSync(folder, { recursive: true }),
  };
}
