import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, rm, utimes } from "node:fs/promises";
import path from "node:path";

import { eventually, gitRepository, snapshot, writeFiles } from "@slipway/testing";
import { expect, test } from "vitest";

import { machine } from "./slipway.ts";
import type { Machine } from "./slipway.ts";

interface Thing {
  readonly kind: string;
  readonly path: string;
  readonly bytes: number;
  readonly why: string;
}

interface Cleaned {
  readonly remove: readonly Thing[];
  readonly keep: readonly Thing[];
  readonly errors: readonly string[];
}

const wantsNothing = ["--max-age", "0", "--keep-last", "0"] as const;

async function ran(m: Machine, name = "demo", ...command: readonly string[]): Promise<{ repo: string; id: string }> {
  const { path: repo } = await gitRepository(path.join(m.folder, name), { files: { "a.txt": name } });
  const argv = command.length > 0 ? command : ["cat", "a.txt"];
  const { experiment } = await m.json<{ experiment: string }>(repo, "run", "--name", name, "--", ...argv);
  return { repo, id: experiment };
}

/** Leases younger than an hour stay; an older one cannot be made here. These jobs are over. */
async function dropLeases(m: Machine): Promise<void> {
  for (const instance of await readdir(path.join(m.home, "store/code"))) {
    for (const lease of await readdir(path.join(m.home, "store/code", instance, "L"))) {
      await rm(path.join(m.home, "store/code", instance, "L", lease), { recursive: true });
    }
  }
}

test("a dry run says what would go and why, and changes nothing; clean then does that", async () => {
  await using m = await machine();
  const { repo, id } = await ran(m);
  const young = await m.json<Cleaned>(repo, "clean", ...wantsNothing, "--dry-run");
  expect(young).toMatchObject({
    remove: [],
    keep: [{ kind: "code", why: expect.stringMatching(/^job \w+ was submitted/) }],
  });
  await dropLeases(m);
  const before = await snapshot(m.home);
  const planned = await m.json<Cleaned>(repo, "clean", ...wantsNothing, "--dry-run");
  expect(await snapshot(m.home)).toEqual(before);
  expect(planned).toEqual({
    remove: [
      {
        cluster: "local",
        kind: "code",
        path: expect.stringMatching(/\/store\/code\/[0-9a-f]{64}\.\w+$/),
        bytes: 4,
        inodes: 5,
        why: expect.stringMatching(/^nobody has needed it for \d/),
      },
    ],
    keep: [],
    errors: [],
  });
  const done = await m.json<Cleaned>(repo, "clean", ...wantsNothing, "--yes");
  expect(done.remove.map((thing) => thing.path)).toEqual(planned.remove.map((thing) => thing.path));
  expect(await readdir(path.join(m.home, "store/code"))).toEqual([]);

  expect(await m.json(repo, "status", id)).toMatchObject({ state: "succeeded" });
  expect((await m.slipway(repo, "logs", id)).stdout).toBe("demo");
  expect((await m.slipway(repo, "show", id)).stdout).toMatch(
    /code gone {3}cleaned on \S+Z by \S+: nobody has needed it for \d+ \w+; the same files, run again, bring it back\n/,
  );
  expect((await m.slipway(repo, "run", "--", "cat", "a.txt")).stdout).toBe("demo");
});

test("--explain tells of every copy why it goes or stays", async () => {
  await using m = await machine();
  const { repo, id } = await ran(m);
  await dropLeases(m);
  const { stdout } = await m.slipway(repo, "clean", "--dry-run", "--explain");
  expect(stdout).toMatch(
    new RegExp(`^stays  copy of code  store/code/[0-9a-f]{12}….*  4 B  ${id} is among the newest 3 of \\S+\n`),
  );
  expect(stdout).toMatch(/would go: nothing; stays: 1 copy of code \(4 B, 5 inodes\)\n$/);
});

test("a job that runs keeps its code, with no lease left too", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "a" } });
  const { stdout } = await m.slipway(repo, "run", "--detach", "--name", "long", "--", "sleep", "600");
  const id = stdout.trim();
  await dropLeases(m);
  expect(await m.json<Cleaned>(repo, "clean", ...wantsNothing, "--yes")).toMatchObject({
    remove: [],
    keep: [{ why: `${id}/long is alive` }],
  });
  const refused = await m.json(repo, "clean", "--experiment", id, "--yes");
  expect(refused).toMatchObject({
    error: { code: "CLEANER_EXPERIMENT_NEEDED", message: `${id} cannot go: ${id}/long is alive`, exitCode: 4 },
  });
  await m.slipway(repo, "cancel", id);
  await m.slipway(repo, "wait", id);
  await eventually("its processes to be gone", async () => {
    const { remove } = await m.json<Cleaned>(repo, "clean", ...wantsNothing, "--dry-run");
    return remove.length === 1;
  });
});

test("a pinned experiment keeps its code whatever the policy, until it is unpinned", async () => {
  await using m = await machine();
  const { repo, id } = await ran(m);
  await dropLeases(m);
  expect(await m.json(repo, "pin", "demo")).toEqual({ experiment: id, pinned: true });
  expect(await m.json<Cleaned>(repo, "clean", ...wantsNothing, "--max-size", "0", "--yes")).toMatchObject({
    remove: [],
    keep: [{ why: `pinned by ${id}` }],
  });
  expect(await m.json(repo, "unpin", id)).toEqual({ experiment: id, pinned: false });
  expect(await m.json<Cleaned>(repo, "clean", ...wantsNothing, "--yes")).toMatchObject({ remove: [{ kind: "code" }] });
  expect(await m.json(repo, "pin", id)).toMatchObject({
    error: {
      code: "CLI_NOT_THERE",
      message: expect.stringMatching(`^The code of ${id} is not on local any more: \\S+ cleaned it on`),
    },
  });
});

test("one experiment goes whole; its record stays, and tells how its jobs ended", async () => {
  await using m = await machine();
  const { repo, id } = await ran(m);
  const other = await ran(m, "other");
  await dropLeases(m);
  const { remove } = await m.json<Cleaned>(repo, "clean", "--experiment", "demo", "--yes");
  expect(remove.map(({ kind }) => kind)).toEqual(["code", "run"]);
  expect(await readdir(path.join(m.home, "runs", id))).toEqual(["experiment.json"]);
  expect(await m.json(repo, "status", id)).toMatchObject({ jobs: [{ state: "succeeded", exitCode: 0 }] });
  expect((await m.slipway(repo, "logs", id)).stderr).toContain("removed by hand or by the cleaner");
  expect(await m.json(repo, "show", id)).toMatchObject({ id });
  expect(await m.json(repo, "status", other.id)).toMatchObject({ state: "succeeded" });
  expect(await m.json(repo, "clean", "--experiment", "nothing", "--yes")).toMatchObject({ error: { exitCode: 6 } });
});

test("du tells what code takes, by experiment and project, shared and alone", async () => {
  await using m = await machine();
  const { repo, id } = await ran(m);
  const again = await m.json<{ experiment: string }>(repo, "run", "--name", "again", "--", "true");
  const other = await ran(m, "other");
  const { stores } = await m.json<{ stores: readonly object[] }>(repo, "du");
  expect(stores).toEqual([
    {
      cluster: "local",
      jobDir: m.home,
      bytes: 9,
      inodes: 10,
      bundles: 2,
      trash: { bytes: 0, inodes: 0 },
      experiments: [
        { experiment: other.id, project: other.repo, bytes: 5, inodes: 5, unique: { bytes: 5, inodes: 5 } },
        ...[again.experiment, id].toSorted().map((experiment) => ({
          experiment,
          project: repo,
          bytes: 4,
          inodes: 5,
          unique: { bytes: 0, inodes: 0 },
        })),
      ],
      projects: [
        { project: other.repo, bytes: 5, inodes: 5, unique: { bytes: 5, inodes: 5 } },
        { project: repo, bytes: 4, inodes: 5, unique: { bytes: 4, inodes: 5 } },
      ],
    },
  ]);
  expect((await m.slipway(repo, "du")).stdout).toMatch(/^local: 9 B, 10 inodes in 2 copies of code below /);
});

test("control sockets that nobody listens on go; one in use stays", async () => {
  await using m = await machine();
  const { repo } = await ran(m);
  const [dead, live] = [path.join(m.home, "ssh/dead"), path.join(m.home, "ssh/live")];
  await mkdir(path.dirname(dead), { recursive: true });
  const listen = `require("node:net").createServer().listen(process.argv[1], () => console.log("listening"))`;
  for (const socket of [dead, live]) {
    const child = spawn(process.execPath, ["-e", listen, socket], { stdio: ["ignore", "pipe", "ignore"] });
    m.owns(child);
    await once(child.stdout, "data");
    if (socket === dead) child.kill("SIGKILL");
    if (socket === dead) await once(child, "exit");
  }
  const past = new Date(Date.now() - 3600_000);
  for (const socket of [dead, live]) await utimes(socket, past, past);
  const { remove } = await m.json<Cleaned>(repo, "clean", "--yes");
  expect(remove.map((thing) => [thing.path, thing.why])).toEqual([[dead, "nobody listens on this control socket"]]);
  expect(await readdir(path.dirname(dead))).toEqual(["live"]);
});

test("--nemo-run cleans what NeMo-Run left behind, and only that", async () => {
  await using m = await machine();
  const { repo } = await ran(m);
  const files = { _CONFIG: "", "task/code/a.py": "a", "task/task.tar.gz": "archive", "task/log.out": "a log" };
  const named = Object.entries(files).map(([name, text]) => [`nemo/experiments/a/a_17/${name}`, text] as const);
  await writeFiles(m.folder, Object.fromEntries(named));
  const past = new Date(Date.now() - 3600_000);
  await utimes(path.join(m.folder, "nemo/experiments/a/a_17/task/code/a.py"), past, past);
  const words = ["clean", "--nemo-run", path.join(m.folder, "nemo")] as const;
  expect((await m.slipway(repo, ...words, "--dry-run")).stdout).toMatch(/would go: nothing; stays: 2 copies of code/);
  const { remove } = await m.json<Cleaned>(repo, ...words, "--max-age", "0", "--yes");
  expect(remove.map(({ kind, path: gone }) => [kind, path.basename(gone)])).toEqual([
    ["nemo-code", "task.tar.gz"],
    ["nemo-code", "code"],
  ]);
  expect(await readdir(path.join(m.folder, "nemo/experiments/a/a_17/task"))).toEqual(["log.out"]);
  expect(await m.json(repo, "clean", "--nemo-run", repo, "--dry-run")).toMatchObject({
    error: { code: "CLEANER_NOT_A_NEMO_HOME", exitCode: 2 },
  });
});

test("without a terminal it asks for --yes; a job_dir that is a home is refused", async () => {
  await using m = await machine();
  const { repo } = await ran(m);
  expect(await m.slipway(repo, "clean")).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("Say --yes to remove it, or --dry-run to see it"),
  });
  m.env["SLIPWAY_HOME"] = m.folder;
  expect(await m.json(repo, "clean", "--dry-run")).toMatchObject({
    error: { code: "CLEANER_UNSAFE_ROOT", exitCode: 2 },
  });
});

test("a run cleans once a day what nobody needs any more, and doctor tells", async () => {
  await using m = await machine();
  const { repo } = await ran(m);
  const day = new Date().toISOString().slice(0, 10);
  const journal = path.join(m.home, `store/cleaned/${day}.jsonl`);
  expect(await readFile(journal, "utf8")).toBe("");
  await rm(journal);
  expect((await m.slipway(repo, "run", "--detach", "--", "true")).exitCode).toBe(0);
  expect(await readdir(path.join(m.home, "store/cleaned"))).toEqual([`${day}.jsonl`]);
  expect((await m.slipway(repo, "doctor")).stdout).toContain(`last ran on ${day}; nothing to take`);
});

test("the project's file says what is kept here, before the user's file, and the command line before both", async () => {
  await using m = await machine();
  const { repo } = await ran(m);
  await dropLeases(m);
  const why = async (...words: readonly string[]) => {
    const { remove, keep } = await m.json<Cleaned>(repo, "clean", "--dry-run", ...words);
    return [...remove.map((thing) => `goes: ${thing.why}`), ...keep.map((thing) => thing.why)].map((each) =>
      each.replaceAll(/\d+ \w+ ago/g, "just now"),
    );
  };
  await writeFiles(m.home, { "config.yaml": "clean: { keep_last: 0, auto: false }\n" });
  expect(await why()).toEqual(["it was last used just now"]);
  await writeFiles(repo, { "slipway.yaml": "clean: { keep_last: 4, max_inodes: 1 }\n" });
  expect(await why()).toEqual([expect.stringMatching(/^demo-\w+ is among the newest 4 of /)]);
  expect(await why("--keep-last", "0")).toEqual(["goes: nobody needs it, and all code has 5 inodes, more than 1"]);
  expect((await m.slipway(repo, "doctor")).stdout).toContain("; by itself: off");
  await writeFiles(repo, { "slipway.yaml": "clean: { keep_lats: 4 }\n" });
  expect(await m.json(repo, "clean", "--dry-run")).toMatchObject({
    error: { exitCode: 2, message: expect.stringContaining("slipway.yaml:1:10: clean.keep_lats: unknown key") },
  });
});
