import { writeFile } from "node:fs/promises";
import path from "node:path";

import { eventually, gitRepository } from "@slipway/testing";
import { expect, test } from "vitest";

import { machine } from "./slipway.ts";
import type { Machine } from "./slipway.ts";
import { openTerminal } from "./terminal.ts";
import type { Terminal } from "./terminal.ts";

/** Two jobs, each of which ends when its file is there, and one that needs both. */
async function startGraph(m: Machine): Promise<{ repo: string; ends: (job: string) => Promise<void> }> {
  const until = `until [ -e "${m.folder}/$SLIPWAY_JOB" ]; do sleep 0.05; done`;
  const job = (tail: string) => `{ run: ${JSON.stringify(`${until}${tail}`)} }`;
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), {
    files: {
      "x.yaml": `name: w\njobs:\n  one: ${job("")}\n  two: ${job("; exit 3")}\n  last: { run: "true", needs: [one, { job: two, type: any }] }\n`,
    },
  });
  await m.slipway(repo, "run", "x.yaml", "--detach");
  return { repo, ends: (name) => writeFile(path.join(m.folder, name), "") };
}

/** Waits until the table stands there as it should. */
async function shows(terminal: Terminal, rows: readonly RegExp[]): Promise<void> {
  let seen: readonly string[] = [];
  await eventually("the table", () => {
    seen = terminal.view().lines;
    return seen.length === rows.length && rows.every((row, index) => row.test(seen[index] ?? ""));
  }).catch((error: unknown) => {
    throw new Error(`${rows.join("\n")}\nis not on the terminal:\n${seen.join("\n")}`, { cause: error });
  });
}

test("watching redraws the table in its place as jobs begin and end, and leaves it there with the cursor", async () => {
  await using m = await machine();
  const { repo, ends } = await startGraph(m);
  const terminal = openTerminal(m, repo, "status", "--watch", "w");
  const running = [/^w-\w+ on local: ▸ running$/, /^ {2}one {3}▸ running\b/, /^ {2}two {3}▸ running\b/];
  await shows(terminal, [...running, /^ {2}last {2}… queued\b.*← one, two \(any\)$/]);
  expect(terminal.view().cursorIsVisible).toBe(false);
  await ends("two");
  await shows(terminal, [...running.slice(0, 2), /^ {2}two {3}✗ failed\b.*exit code 3$/, /^ {2}last {2}… queued\b/]);
  await ends("one");
  expect(await terminal.exitCode).toBe(0);
  await shows(terminal, [
    /^w-\w+ on local: ✗ failed$/,
    /^ {2}one {3}✓ succeeded\b/,
    /^ {2}two {3}✗ failed\b/,
    /^ {2}last {2}✓ succeeded\b/,
  ]);
  expect(terminal.view().cursorIsVisible).toBe(true);
});

test("a terminal that becomes smaller, and larger again, shows what it has room for", async () => {
  await using m = await machine();
  const { repo, ends } = await startGraph(m);
  const terminal = openTerminal(m, repo, "status", "--watch", "w");
  const whole = [/ on local: ▸ running$/, /^ {2}one {3}▸ running/, /^ {2}two {3}▸ running/, /^ {2}last {2}… queued/];
  await shows(terminal, whole);
  await terminal.resizes({ rows: 40, columns: 20 });
  await shows(terminal, [/^w-\w+ on local: ▸ ?r?$/, ...whole.slice(1, 3), /^ {2}last {2}… queued {2}/]);
  await terminal.resizes({ rows: 3, columns: 60 });
  await shows(terminal, [/ on local: ▸ running$/, /^…$/]);
  await terminal.resizes({ rows: 4, columns: 100 });
  await shows(terminal, [...whole.slice(0, 2), /^…$/]);
  await terminal.resizes({ rows: 5, columns: 100 });
  await shows(terminal, whole);
  await ends("one");
  await ends("two");
  expect(await terminal.exitCode).toBe(0);
});

test("Ctrl-C on a terminal ends watching with 130, and the cursor is there again", async () => {
  await using m = await machine();
  const { repo } = await startGraph(m);
  const terminal = openTerminal(m, repo, "status", "--watch", "w");
  await terminal.reads("running");
  expect(terminal.view().cursorIsVisible).toBe(false);
  terminal.interrupts();
  expect(await terminal.exitCode).toBe(130);
  expect(terminal.shown()).toMatch(/Stopped watching\. w-\w+ goes on\r?\n$/);
  expect(terminal.view().cursorIsVisible).toBe(true);
  expect((await m.slipway(repo, "cancel", "w")).exitCode).toBe(0);
});
