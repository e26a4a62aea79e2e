// Keeps what V8 makes of the built files beside them: `node precompile.mjs BUILT`. Functions that have run are kept as well, so a
// packaging is run here, of a repository of one file.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";

const [built] = process.argv.slice(2);
const { createLoader } = createRequire(import.meta.url)("./bin/load.js");
const scratch = mkdtempSync(path.join(tmpdir(), "slipway-build-"));
try {
  const repository = path.join(scratch, "repository");
  mkdirSync(repository);
  writeFileSync(path.join(repository, "train.py"), "print('trained')\n");
  for (const args of [
    ["init", "--quiet"],
    ["add", "train.py"],
  ])
    execFileSync("git", args, { cwd: repository });
  const { load, scripts } = createLoader(built);
  const sink = { write: () => true, isTTY: false };
  const context = {
    cwd: repository,
    env: { ...process.env, HOME: scratch, XDG_CACHE_HOME: scratch, SLIPWAY_HOME: scratch },
    stdin: { isTTY: false },
    stdout: sink,
    stderr: sink,
    signal: new AbortController().signal,
    version: "0.0.0",
  };
  // The second one remembers the first.
  for (let run = 0; run < 2; run++) await load("./main.js").main(["package"], context);
  await load("./main.js").main(["package", "--out", path.join(scratch, "code.tar.gz")], context);
  const others = readdirSync(built).filter(
    (name) => name.endsWith(".js") && !["together.js", "helper-thread.js"].includes(name),
  );
  for (const name of others) load(`./${name}`);
  for (const [kept, script] of scripts) writeFileSync(kept, script.createCachedData());
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
