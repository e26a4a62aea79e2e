import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { eventually, temporaryDirectory } from "@slipway/testing";
import { expect, test } from "vitest";

import { createRecordStore } from "../src/index.ts";
import { record } from "./fakes.ts";

const built = pathToFileURL(path.resolve(import.meta.dirname, "../dist/index.js")).href;

/** A process of its own that adds 1 to the record's field `count`, again and again; says each that is done. */
function startCounter(
  home: string,
  { field, times }: { readonly field: string; readonly times: number },
): ChildProcess {
  const program = `
    import { createRecordStore } from ${JSON.stringify(built)};
    const records = createRecordStore({ home: ${JSON.stringify(home)} });
    for (let round = 0; round < ${times}; round++) {
      const { ${field} } = await records.update("a-1", (before) => ({ ...before, ${field}: (before.${field} ?? 0) + 1 }));
      process.stdout.write(${field} + "\\n");
    }`;
  return spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: ["ignore", "pipe", "inherit"] });
}

async function ended(child: ChildProcess): Promise<number | null> {
  return child.exitCode ?? new Promise((resolve) => child.once("exit", resolve));
}

async function storeWithRecord(home: string) {
  const records = createRecordStore({ home });
  await records.claim("a-1");
  await records.write(record("a-1"));
  const file = path.join(home, "runs/a-1/experiment.json");
  const turn = path.join(home, "runs/a-1/.experiment.json.turn");
  return { records, file, turn, read: async () => JSON.parse(await readFile(file, "utf8")) };
}

test("of eight processes that change one record at the same time none loses another's change", async () => {
  await using home = await temporaryDirectory();
  const { read } = await storeWithRecord(home.path);
  const counters = Array.from({ length: 8 }, () => startCounter(home.path, { field: "count", times: 50 }));
  expect(await Promise.all(counters.map(ended))).toEqual(counters.map(() => 0));
  expect(await read()).toEqual({ ...record("a-1"), count: 400 });
  expect(await readdir(path.join(home.path, "runs/a-1"))).toEqual(["experiment.json"]);
});

test("a process that is killed at any moment leaves a whole record, holds nobody up, and loses nothing that it said was written", async () => {
  await using home = await temporaryDirectory();
  const { records, read } = await storeWithRecord(home.path);
  let least = 0;
  for (let round = 0; round < 12; round++) {
    const child = startCounter(home.path, { field: "count", times: 100_000 });
    let said = "";
    child.stdout?.on("data", (bytes: Buffer) => (said += bytes.toString()));
    await eventually("it has counted", () => said.split("\n").length > 2 + round);
    child.kill("SIGKILL");
    await ended(child);
    least = Number(said.trimEnd().split("\n").at(-1));
    const { count } = await read();
    expect(count).toBeGreaterThanOrEqual(least);
    expect(count).toBeLessThanOrEqual(least + 1);
    const after = await records.update("a-1", (before) => ({ ...before, name: `round-${round}` }));
    expect(after).toEqual({ ...record("a-1"), name: `round-${round}`, count });
  }
  expect(await readdir(path.join(home.path, "runs/a-1"))).toEqual(["experiment.json"]);
});

test("a turn that another machine's process left is ended when nothing becomes of it", async () => {
  await using home = await temporaryDirectory();
  const { records, turn } = await storeWithRecord(home.path);
  await mkdir(turn);
  await writeFile(`${turn}/1.elsewhere.0000`, "");
  const after = await records.update("a-1", (before) => ({ ...before, name: "b" }));
  expect(after).toEqual({ ...record("a-1"), name: "b" });
});

test("who has lost its turn while it thought writes nothing, and thinks again of what is there now", async () => {
  await using home = await temporaryDirectory();
  const { records, file, turn, read } = await storeWithRecord(home.path);
  const seen: string[] = [];
  await records.update("a-1", (before) => {
    seen.push(before.name);
    if (seen.length === 1) {
      const [own = ""] = readdirSync(turn);
      rmSync(`${turn}/${own}`); // As a process does that takes this one for dead.
      writeFileSync(file, JSON.stringify({ ...before, name: "faster" }));
    }
    return { ...before, cwd: "/changed" };
  });
  expect(seen).toEqual(["a", "faster"]);
  expect(await read()).toEqual({ ...record("a-1"), name: "faster", cwd: "/changed" });
});

test("fields that this version does not know stay, at every depth", async () => {
  await using home = await temporaryDirectory();
  const { records, file, read } = await storeWithRecord(home.path);
  const [job] = record("a-1").jobs;
  const newer = { ...record("a-1"), pinned: true, jobs: [{ ...job, color: "blue" }] };
  await writeFile(file, JSON.stringify(newer));
  await records.update("a-1", (before) => ({ ...before, phase: "planned" }));
  expect(await read()).toEqual({ ...newer, phase: "planned" });
});

test("a record that is not there, or cannot be read, is not made and not written over", async () => {
  await using home = await temporaryDirectory();
  const { records, file } = await storeWithRecord(home.path);
  const same = (before: ReturnType<typeof record>) => before;
  await expect(records.update("b-1", same)).rejects.toMatchObject({ code: "EXPERIMENT_NOT_FOUND" });
  await records.claim("c-1");
  await expect(records.update("c-1", same)).rejects.toMatchObject({ code: "EXPERIMENT_NOT_FOUND" });
  await expect(records.update("../x", same)).rejects.toMatchObject({ code: "EXPERIMENT_INVALID" });
  await writeFile(file, '{"version":7}');
  await expect(records.update("a-1", same)).rejects.toMatchObject({ code: "EXPERIMENT_RECORD_UNREADABLE" });
  expect(await readFile(file, "utf8")).toBe('{"version":7}');
});

test("waiting for a turn can be stopped, and leaves nothing", async () => {
  await using home = await temporaryDirectory();
  const { records, file, turn } = await storeWithRecord(home.path);
  await mkdir(turn);
  await writeFile(`${turn}/1.elsewhere.0000`, "");
  const stop = new AbortController();
  const update = records.update("a-1", (before) => before, { signal: stop.signal });
  stop.abort(new Error("enough"));
  await expect(update).rejects.toThrow("enough");
  expect((await readdir(path.dirname(file))).toSorted()).toEqual([".experiment.json.turn", "experiment.json"]);
});

test("an experiment is being submitted while the process that claimed it lives and goes on", async () => {
  await using home = await temporaryDirectory();
  const records = createRecordStore({ home: home.path });
  await records.claim("a-1");
  await records.write(record("a-1", { phase: "planned" }));
  expect(await records.isBeingSubmitted("a-1")).toBe(true);
  await records.update("a-1", (before) => ({ ...before, phase: "submitted" }));
  expect(await records.isBeingSubmitted("a-1")).toBe(false);

  const claim = `import { createRecordStore } from ${JSON.stringify(built)};
    await createRecordStore({ home: ${JSON.stringify(home.path)} }).claim("dead-1");`;
  expect(await ended(spawn(process.execPath, ["--input-type=module", "-e", claim], { stdio: "inherit" }))).toBe(0);
  expect(await records.isBeingSubmitted("dead-1")).toBe(false);
  await writeFile(path.join(home.path, "runs/dead-1/.submitter"), "{");
  expect(await records.isBeingSubmitted("dead-1")).toBe(false);
  const identity = { pid: process.pid, host: hostname(), boot: "another", start: "1" };
  await writeFile(path.join(home.path, "runs/dead-1/.submitter"), JSON.stringify(identity));
  expect(await records.isBeingSubmitted("dead-1")).toBe(false);

  await records.claim("b-1");
  await records.giveUp("b-1");
  expect(await records.isBeingSubmitted("b-1")).toBe(false);
});
