// The packager beside bare tools, as whole processes: wall clock, medians of interleaved rounds, ratios within each round.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

const rounds = 7;

/**
 * Measures targets P2 to P6 (and `git archive HEAD | gzip -1` for comparison).
 * `slipway` is the command's script, `work` an empty folder for the trees, `only` an id such as `P5`.
 */
export async function packagerBench({ slipway, work, only }) {
  const trees = { t3: makeTree(path.join(work, "t3"), t3), t50: makeTree(path.join(work, "t50"), t50) };
  const scratch = mkdtempSync(path.join(work, "bench-"));
  try {
    return cases({ slipway, trees, scratch })
      .filter(({ id }) => only === undefined || only === id)
      .map(({ measure, ...rest }) => ({ ...rest, ...measure() }));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function cases({ slipway, trees, scratch }) {
  const home = path.join(scratch, "home");
  const forget = () => rmSync(home, { recursive: true, force: true });
  const quiet = (command, args, cwd) => () => run(command, args, { cwd, home });
  const node = quiet(process.execPath, ["-e", ""], scratch);
  const list = (tree) => quiet(process.execPath, [slipway, "package", "--json"], tree);
  const archive = (tree) =>
    quiet(process.execPath, [slipway, "package", "--out", path.join(scratch, "o.tar.gz")], tree);
  const status = (tree) => quiet("git", ["status"], tree);
  const shell = (text, tree) => quiet("sh", ["-c", text], tree);
  const both =
    (...parts) =>
    () =>
      parts.reduce((sum, part) => sum + part(), 0);
  const first = (work) => () => (forget(), work());
  const again = (work) => (work(), work);
  const beside = (name, work, against, peer) => ({ name, against, measure: () => compare(work, peer) });
  return [
    { id: "P2", target: 3, ...beside("list and digest of T3, first time", first(list(trees.t3)), "node -e ''", node) },
    { id: "P3", target: 1.8, ...beside("the same, unchanged", again(list(trees.t3)), "node -e ''", node) },
    {
      id: "P4",
      target: 5,
      ...beside(
        "list and digest of T50, first time",
        first(list(trees.t50)),
        "git status + node -e ''",
        both(status(trees.t50), node),
      ),
    },
    {
      id: "P4",
      target: 2.5,
      ...beside(
        "the same, unchanged",
        again(list(trees.t50)),
        "git status + node -e ''",
        both(status(trees.t50), node),
      ),
    },
    {
      id: "P5",
      target: 1.1,
      ...beside(
        "archive of T3, gzip -1",
        first(archive(trees.t3)),
        "tar | gzip -1 + node -e ''",
        both(shell("tar cf - --exclude=.git . | gzip -1 >/dev/null", trees.t3), node),
      ),
    },
    {
      id: "P5",
      target: 1.1,
      ...beside(
        "the same",
        first(archive(trees.t3)),
        "git archive HEAD | gzip -1 + node -e ''",
        both(shell("git archive HEAD | gzip -1 >/dev/null", trees.t3), node),
      ),
    },
    { id: "P6", target: 1, ...memory("peak memory, archive of T3", archive(trees.t3), 150) },
    { id: "P6", target: 1, ...memory("peak memory, archive of T50", first(archive(trees.t50)), 150) },
  ];
}

function compare(work, peer) {
  const times = [];
  work();
  peer();
  for (let round = 0; round < rounds; round++) times.push([work(), peer()]);
  const seconds = (position) => `${(median(times.map((pair) => pair[position])) / 1000).toFixed(2)} s`;
  return {
    measured: `${seconds(0)} beside ${seconds(1)}`,
    ratio: median(times.map(([ours, theirs]) => ours / theirs)),
  };
}

function memory(name, work, limitMb) {
  const measure = () => {
    work();
    const peakMb = work.peakKb() / 1000;
    return { measured: `${peakMb.toFixed(0)} MB`, ratio: peakMb / limitMb };
  };
  return { name, against: `${limitMb} MB`, measure };
}

function run(command, args, { cwd, home }) {
  const start = performance.now();
  const { status, stderr, error } = spawnSync(command, args, {
    cwd,
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, SLIPWAY_HOME: home },
  });
  if (error || status !== 0) throw error ?? new Error(`${command} ${args.join(" ")} ended with ${status}: ${stderr}`);
  return performance.now() - start;
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

/** Sizes like those of a real project of 3,546 files and 51 MB, and of one of 50,000 files and 138 MB. */
const t3 = { files: 3546, bytes: 51_000_000, seed: 3 };
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
