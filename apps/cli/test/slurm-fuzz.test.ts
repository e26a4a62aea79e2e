import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { gitRepository } from "@slipway/testing";
import { sharedTestbed, testbedSupport } from "@slipway/testing/testbed";
import { describe, expect, test } from "vitest";

import { machineWithCluster } from "./cluster.ts";
import { nastyStrings } from "./nasty-strings.ts";

const support = await testbedSupport();

/** SLIPWAY_FUZZ_STRINGS=10000 goes through more of them, SLIPWAY_FUZZ_SEED through the same again. */
const strings = Number(process.env["SLIPWAY_FUZZ_STRINGS"] ?? 400);
const seed = Number(process.env["SLIPWAY_FUZZ_SEED"] ?? Date.now() % 1_000_000);
const many = { timeout: 60_000 + strings * 300 };

/** Prints what it is given, each ended by a NUL, into its run directory. */
const witness =
  'printf "%s\\0" "$@" >"$SLIPWAY_RUN_DIR/arguments"; env -0 >"$SLIPWAY_RUN_DIR/environment"; ' +
  'find . -type f -print0 | xargs -0 sha256sum -z >"$SLIPWAY_RUN_DIR/files"';

interface Arrival {
  readonly wanted: string;
  readonly arrived: string;
}

interface Recorded {
  readonly name: string;
  readonly jobs: readonly { readonly name: string; readonly handle: { readonly id: string } }[];
}

describe.skipIf(!support.available)(`of strings made with the seed ${seed}`, () => {
  test(
    "every environment value and every argument arrives byte for byte, on the command line and in a file",
    many,
    async () => {
      await using world = await openWorld();
      const { m, nasty } = world;
      const perJob = 250;
      for (let left = Math.round(strings * 0.8), job = 0; left > 0; left -= 2 * perJob, job++) {
        const count = Math.min(perJob, Math.ceil(left / 2));
        const args = Array.from({ length: count }, () => nasty.text());
        const env = Object.fromEntries(Array.from({ length: count }, (_, index) => [`FUZZ_${index}`, nasty.text()]));
        const argv = ["sh", "-c", witness, "sh", ...args];
        let words: readonly string[];
        if (job % 2 === 0) {
          const options = Object.entries(env).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
          words = ["run", "--cluster", "testbed", "--job", "fuzz", "--wait", ...options, "--", ...argv];
        } else {
          const file = { name: "fuzz", cluster: "testbed", jobs: { fuzz: { argv, env } } };
          await writeFile(path.join(m.folder, "fuzz.yaml"), JSON.stringify(file));
          words = ["run", path.join(m.folder, "fuzz.yaml"), "--wait"];
        }
        const found = await world.runWitness(words);
        expect(found.arguments).toEqual(args);
        const arrived = found.environment.filter((variable) => variable.startsWith("FUZZ_"));
        expect(arrived.toSorted()).toEqual(
          Object.entries(env)
            .map(([name, value]) => `${name}=${value}`)
            .toSorted(),
        );
      }
      await world.expectNothingExecuted();
    },
  );

  test("files of any name are in the code, whole, and no name is executed", many, async () => {
    await using world = await openWorld();
    const { repo, nasty } = world;
    const expected = new Map<string, string>();
    for (let count = Math.round(strings * 0.17); count > 0; count--) {
      const name = nasty.path();
      const file = path.join(repo, name);
      const content = nasty.text();
      const isWritten = await mkdir(path.dirname(file), { recursive: true })
        .then(() => writeFile(file, content, { flag: "wx" }))
        .then(
          () => true,
          () => false,
        ); // A file is where this one needs a folder.
      if (isWritten)
        expected.set(`./${Buffer.from(name).toString("latin1")}`, createHash("sha256").update(content).digest("hex"));
    }
    // What is no UTF-8 can be a name too.
    for (const bytes of ["\u00ff\u00fe", "caf\u00e9 $(touch executed)", "\u0080\n'"]) {
      const name = Buffer.from(bytes, "latin1");
      await writeFile(Buffer.concat([Buffer.from(`${repo}/`), name]), "bytes");
      expected.set(`./${name.toString("latin1")}`, createHash("sha256").update("bytes").digest("hex"));
    }
    await world.git("add", "--all", "--force");
    await world.git("commit", "--quiet", "--message=$(touch executed)`touch executed`\n#SBATCH --hold");
    await world.git("checkout", "--quiet", "-b", "$(touch${IFS}executed)`touch${IFS}executed`'\"#SBATCH");
    const argv = ["sh", "-c", witness, "sh"];
    const found = await world.runWitness(["run", "--cluster", "testbed", "--job", "fuzz", "--wait", "--", ...argv]);
    const arrived = found.files.filter((row) => !row.endsWith("  ./a"));
    expect(arrived.toSorted()).toEqual([...expected].map(([name, sum]) => `${sum}  ${name}`).toSorted());
    await world.expectNothingExecuted();
  });

  test(
    "names and prefixes are taken as they are, or refused with exit code 2 before anything is sent",
    many,
    async () => {
      await using world = await openWorld();
      const { m, repo, nasty } = world;
      const taken: Arrival[] = [];
      for (let count = Math.max(4, Math.round(strings * 0.01)); count > 0; count--) {
        const [name, job, prefix] = [nasty.text(), nasty.text(), nasty.text()];
        const tunnel = { host: "testbed", job_dir: world.jobDir };
        const cluster = { executor: "slurm", ssh_tunnel: tunnel, partition: "main", job_name_prefix: prefix };
        await writeFile(path.join(m.home, "clusters/prefix.yaml"), JSON.stringify(cluster));
        const arrivals = [
          await submit(name, ["testbed", "--name", name], (record) => record.name),
          await submit(job, ["testbed", "--job", job], (record) => record.jobs[0]?.name ?? ""),
          await submit(prefix, ["prefix"], async ({ jobs: [recorded] }) => {
            const id = recorded?.handle.id.split(".").at(-1) ?? "";
            const { stdout } = await world.slurm("squeue", "-h", "-t", "all", "-j", id, "-o", "%j");
            return stdout.slice(0, prefix.length);
          }),
        ];
        taken.push(...arrivals.filter((arrival) => arrival !== undefined));
      }
      expect(taken.map(({ arrived }) => arrived)).toEqual(taken.map(({ wanted }) => wanted));
      expect(taken).not.toEqual([]);

      /** Undefined when it was refused. */
      async function submit(
        wanted: string,
        words: readonly string[],
        read: (record: Recorded) => string | Promise<string>,
      ): Promise<Arrival | undefined> {
        const run = await m.slipway(repo, "run", "--json", "--cluster", ...words, "--", "true");
        const isInOrder = run.exitCode === 0 || run.exitCode === 2;
        expect({ words, ended: isInOrder ? "in order" : run }).toEqual({ words, ended: "in order" });
        if (run.exitCode !== 0) return undefined;
        return { wanted, arrived: await read(await m.json(repo, "show", JSON.parse(run.stdout).experiment)) };
      }
      await world.expectNothingExecuted();
    },
  );
});

async function openWorld() {
  const testbed = await sharedTestbed();
  const { m, jobDir } = await machineWithCluster();
  const trace = path.join(testbed.ssh.home, `executed-${path.basename(m.folder)}`);
  const { path: repo, git } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "a" } });
  return {
    m,
    repo,
    git,
    jobDir,
    slurm: (...argv: readonly string[]) => testbed.slurm(...argv),
    nasty: nastyStrings(seed, `touch ${trace}`),
    /** What the job wrote down, in pieces; of the files, whose names need not be UTF-8, as latin1. */
    async runWitness(words: readonly string[]) {
      const { exitCode, stdout, stderr } = await m.slipway(repo, ...words.slice(0, 1), "--json", ...words.slice(1));
      expect(exitCode === 0 ? "" : stdout + stderr).toBe("");
      const folder = `${jobDir}/runs/${JSON.parse(stdout).experiment}/fuzz/run`;
      return {
        arguments: await pieces(`${folder}/arguments`, "utf8"),
        environment: await pieces(`${folder}/environment`, "utf8"),
        files: await pieces(`${folder}/files`, "latin1"),
      };
    },
    /** Neither here, nor on the cluster. */
    async expectNothingExecuted() {
      const places = [m.folder, testbed.ssh.home];
      const found = await Promise.all(places.map((place) => readdir(place, { recursive: true })));
      const traces = found.flat().filter((name) => /^executed(-slipway-test-\w+)?$/.test(path.basename(name)));
      expect(traces).toEqual([]);
    },
    [Symbol.asyncDispose]: () => m[Symbol.asyncDispose](),
  };
}

async function pieces(file: string, encoding: "utf8" | "latin1"): Promise<readonly string[]> {
  return (await readFile(file, encoding)).split("\0").slice(0, -1);
}
