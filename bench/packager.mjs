// The packager beside bare tools, as whole processes: wall clock, medians of interleaved rounds, ratios within each round.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import { command, milliseconds, pairs, sequence } from "./pairs.mjs";

/**
 * Measures targets P2 to P6 (and `git archive HEAD | gzip -1` for comparison).
 * `slipway` is the command's script, `work` a folder that keeps the generated trees, `only` an id such as `P5`.
 */
export async function packagerBench({ slipway, work, only }) {
  const ids = ["P2", "P3", "P4", "P5", "P6"];
  if (only !== undefined && !ids.includes(only)) return [];
  const trees = { t3: makeTree(path.join(work, "t3"), t3), t50: makeTree(path.join(work, "t50"), t50) };
  const scratch = mkdtempSync(path.join(work, "bench-"));
  const rows = [];
  try {
    for (const { id, name, against, target, measure } of cases({ slipway, trees, scratch })) {
      if (only === undefined || only === id) rows.push({ id, name, against, target, ...(await measure()) });
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return rows;
}

function cases({ slipway, trees, scratch }) {
  const home = path.join(scratch, "home");
  const env = { ...process.env, SLIPWAY_HOME: home, XDG_CACHE_HOME: path.join(home, "cache") };
  const tool = (program, args, cwd) => command(program, args, { cwd, env });
  const list = (tree) => tool(process.execPath, [slipway, "package"], tree);
  const archiveArguments = [slipway, "package", "--out", path.join(scratch, "out.tar.gz")];
  const archive = (tree) => tool(process.execPath, archiveArguments, tree);
  const node = tool(process.execPath, ["-e", ""], scratch);
  const status = (tree) => sequence(tool("git", ["status"], tree), node);
  const shell = (script) => sequence(tool("sh", ["-c", script], trees.t3), node);
  const forget = async () => rmSync(home, { recursive: true, force: true });
  const first = (work) => sequence(forget, work);
  const beside = async (ours, peer) => {
    const { a, ratio } = await pairs(ours, peer);
    return { measured: milliseconds(a), ratio };
  };
  const memory = async (tree) => {
    await forget();
    const peakMb = await peakMegabytes(archiveArguments, { cwd: tree, env, scratch });
    return { measured: `${peakMb.toFixed(0)} MB`, ratio: peakMb / 150 };
  };
  const [start, statusAndStart] = ["node -e ''", "git status + node -e ''"];
  const [tar, gitArchive] = ["tar cf - --exclude=.git . | gzip -1 >/dev/null", "git archive HEAD | gzip -1 >/dev/null"];
  const { t3: small, t50: big } = trees;
  return [
    {
      id: "P2",
      name: "file list and digest of 3,546 files, 51 MB, first time",
      against: start,
      target: 3,
      measure: () => beside(first(list(small)), node),
    },
    {
      id: "P3",
      name: "the same, nothing changed",
      against: start,
      target: 1.8,
      measure: () => beside(list(small), node),
    },
    {
      id: "P4",
      name: "file list and digest of 50,000 files, first time",
      against: statusAndStart,
      target: 5,
      measure: () => beside(first(list(big)), status(big)),
    },
    {
      id: "P4",
      name: "the same, nothing changed",
      against: statusAndStart,
      target: 2.5,
      measure: () => beside(list(big), status(big)),
    },
    {
      id: "P5",
      name: "package --out of 3,546 files, gzip -1",
      against: "tar | gzip -1 + node -e ''",
      target: 1.1,
      measure: () => beside(first(archive(small)), shell(tar)),
    },
    {
      id: "P5",
      name: "the same",
      against: "git archive HEAD | gzip -1 + node -e ''",
      target: 1.1,
      measure: () => beside(first(archive(small)), shell(gitArchive)),
    },
    {
      id: "P6",
      name: "peak memory of package --out of 3,546 files",
      against: "150 MB",
      target: 1,
      measure: () => memory(small),
    },
    {
      id: "P6",
      name: "peak memory of package --out of 50,000 files",
      against: "150 MB",
      target: 1,
      measure: () => memory(big),
    },
  ];
}

/** What the process itself says it needed (getrusage, ru_maxrss), at its end. */
async function peakMegabytes(args, { cwd, env, scratch }) {
  const hook = path.join(scratch, "peak.mjs");
  const answer = path.join(scratch, "peak.txt");
  const body = `process.on("exit", () => writeFileSync(${JSON.stringify(answer)}, String(process.resourceUsage().maxRSS)));`;
  writeFileSync(hook, `import { writeFileSync } from "node:fs";\n${body}\n`);
  await command(process.execPath, ["--import", hook, ...args], { cwd, env })();
  return (Number(readFileSync(answer, "utf8")) * 1024) / 1e6;
}

/** Sizes like those of a real project of 3,546 files and 51 MB, and of one of 50,000 files and 138 MB. */
export const t3 = { files: 3546, bytes: 51_000_000, seed: 3 };
const t50 = { files: 50_000, bytes: 138_000_000, seed: 50 };

/** A git repository with one commit; made once, the same each time. */
export function makeTree(directory, { files, bytes, seed }) {
  if (existsSync(path.join(directory, ".git", "complete"))) return directory;
  rmSync(directory, { recursive: true, force: true });
  const random = randomNumbers(seed);
  const words = Array.from({ length: 4000 }, () =>
    Math.floor(random() * 1e9)
      .toString(36)
      .slice(0, 2 + Math.floor(random() * 8)),
  );
  const weights = Array.from({ length: files }, () => Math.exp(2.2 * normal(random)));
  const scale = bytes / weights.reduce((sum, weight) => sum + weight, 0);
  for (const [position, weight] of weights.entries()) {
    const folder = path.join(directory, `p${position % 12}`, `m${position % 60}`, `d${position % 300}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, `file_${position}.py`), prose(Math.round(weight * scale), words, random));
  }
  const git = (...args) =>
    execFileSync("git", ["-c", "user.name=bench", "-c", "user.email=bench@example.org", ...args], { cwd: directory });
  git("init", "--quiet");
  git("add", "--all");
  git("-c", "gc.auto=0", "commit", "--quiet", "--message=tree");
  writeFileSync(path.join(directory, ".git", "complete"), "");
  return directory;
}

function prose(length, words, random) {
  const parts = [];
  for (let written = 0; written < length;) {
    const word = words[Math.floor(random() ** 2 * words.length)];
    parts.push(word, random() < 0.1 ? "\n" : " ");
    written += word.length + 1;
  }
  return parts.join("").slice(0, length);
}

function normal(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** mulberry32: small, and the same everywhere. */
function randomNumbers(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
