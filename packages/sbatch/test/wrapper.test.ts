import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { eventually } from "@slipway/testing";
import { describe, expect, test } from "vitest";

import { exited, openBench, pathWith, readEvidence, shells } from "./bench.ts";

/** What a POSIX system has anyway, Perl and Python and setsid not among it. */
const posixCommands = ["sh", "cat", "date", "ln", "mkdir", "mv", "rm", "sleep", "printenv", "kill"];

const runners = [
  { runner: "perl", commands: [...posixCommands, "perl"] },
  { runner: "python3", commands: [...posixCommands, "python3"] },
  { runner: "setsid", commands: [...posixCommands, "setsid"] },
] as const;

describe.concurrent.each(shells)("the wrapper with $name", ({ program }) => {
  test("runs the job of a token once, however often the script is started", async () => {
    await using bench = await openBench(program);
    const runDir = await bench.prepare({ sh: 'echo ran >>"$SLIPWAY_RUN_DIR/count"' });
    await Promise.all(Array.from({ length: 5 }, () => exited(bench.start(runDir))));
    await eventually("the job's end", async () => (await readEvidence(runDir)).end);
    await exited(bench.start(runDir));
    expect(await readFile(path.join(runDir, "run", "count"), "utf8")).toBe("ran\n");
  });

  test("exits as the command did", async () => {
    await using bench = await openBench(program);
    const outcomes = await Promise.all([
      bench.run({ name: "three", sh: "exit 3" }),
      bench.run({ name: "killed", sh: "kill -s KILL $$" }),
    ]);
    expect(outcomes.map(({ exitCode }) => exitCode)).toEqual([3, 137]);
  });

  describe.each(runners)("under $runner", ({ runner, commands }) => {
    const open = async () => {
      const bench = await openBench(program);
      const env = { PATH: await pathWith(bench.path, commands) };
      return { bench, env };
    };

    test("tells exit codes and signals exactly, or that it cannot", async () => {
      const { bench, env } = await open();
      await using _ = bench;
      const outcomes = await Promise.all(
        ["exit 0", "exit 3", "exit 137", "kill -s KILL $$", "kill -s TERM $$"].map((sh, index) =>
          bench.run({ name: `job-${index}`, sh }, { env }),
        ),
      );
      const told = outcomes.map(({ evidence: { end } }) => ({ ...end, at: undefined, outcome: undefined }));
      const signals = [{ signal: 9 }, { signal: 15 }];
      const ambiguous = [{ shellStatus: 137 }, { shellStatus: 137 }, { shellStatus: 143 }];
      expect(told).toEqual([
        { exitCode: 0 },
        { exitCode: 3 },
        ...(runner === "setsid" ? ambiguous : [{ exitCode: 137 }, ...signals]),
      ]);
    });

    test("passes TERM on to the command's whole group, and kills it after the grace", async () => {
      const { bench, env } = await open();
      await using _ = bench;
      const runDir = await bench.prepare({
        sh: "trap '' TERM; echo ready; while :; do sleep 1; done",
        graceSeconds: 1,
      });
      const wrapper = bench.start(runDir, { env });
      const end = exited(wrapper);
      await eventually(
        "the trap",
        async () => (await readFile(path.join(runDir, "attempt-1.log"), "utf8").catch(() => "")) === "ready\n",
      );
      wrapper.kill("SIGTERM");
      await end;
      const { end: told } = await readEvidence(runDir);
      expect(told).toMatchObject({
        outcome: "ended",
        reason: "terminated",
        ...(runner === "setsid" ? { shellStatus: 137 } : { signal: 9 }),
      });
    });

    test("gives the command the environment, and nothing of the runner's or the wrapper's own", async () => {
      const { bench, env } = await open();
      await using _ = bench;
      const given = { PERL5OPT: "-w", LC_CTYPE: "C", FROM_BASE: "base value", HOME: "/nowhere" };
      const variables = { PERL_BADLANG: "1", FROM_ENV: "env value" };
      const secrets = { FROM_SECRETS: "secret value" };
      const { log, runDir } = await bench.run(
        { argv: ["printenv"], env: variables, secrets },
        { env: { ...env, ...given } },
      );
      const seen = Object.fromEntries(
        (log ?? "")
          .trimEnd()
          .split("\n")
          .map((line) => line.split(/=(.*)/s, 2)),
      );
      for (const ofTheShell of ["PWD", "OLDPWD", "SHLVL", "_"]) delete seen[ofTheShell];
      expect(seen).toEqual({
        ...env,
        ...given,
        ...variables,
        ...secrets,
        SLIPWAY_EXPERIMENT: "e",
        SLIPWAY_JOB: "job",
        SLIPWAY_ATTEMPT: "1",
        SLIPWAY_CODE_DIR: path.join(runDir, "code"),
        SLIPWAY_RUN_DIR: path.join(runDir, "run"),
      });
    });

    // A shell alone cannot tell a command that could not be started from one that exits with the same number.
    test.runIf(runner !== "setsid")("tells why a command could not be started", async () => {
      const { bench, env } = await open();
      await using _ = bench;
      await writeFile(path.join(bench.path, "data"), "no program\n", { mode: 0o644 });
      const [missing, plain] = await Promise.all([
        bench.run({ name: "missing", argv: ["no-such-program"] }, { env }),
        bench.run({ name: "plain", argv: [path.join(bench.path, "data")] }, { env }),
      ]);
      expect([missing, plain].map(({ evidence: { end } }) => ({ ...end, at: undefined }))).toEqual([
        { outcome: "ended", exitCode: 127, reason: "command_not_found" },
        { outcome: "ended", exitCode: 126, reason: "not_executable" },
      ]);
      expect(missing.log).toBe("slipway: cannot run no-such-program: No such file or directory\n");
    });
  });

  test("says so where nothing can start a command in a process group", async () => {
    await using bench = await openBench(program);
    const { evidence, log } = await bench.run({}, { env: { PATH: await pathWith(bench.path, posixCommands) } });
    expect(evidence.end).toMatchObject({ outcome: "ended", exitCode: 126, reason: "tool_missing" });
    expect(log).toBe(
      "slipway: this machine has none of perl, python3 and setsid, one of which must start the command\n",
    );
  });

  test("ends at the time limit, and what ignores that is killed", async () => {
    await using bench = await openBench(program);
    const outcomes = await Promise.all([
      bench.run({ name: "soft", sh: "sleep 60", resources: { timeLimitSeconds: 1 } }),
      bench.run({
        name: "hard",
        sh: "trap '' TERM; while :; do sleep 1; done",
        resources: { timeLimitSeconds: 1 },
        graceSeconds: 1,
      }),
      bench.run({ name: "early", sh: "exit 0", resources: { timeLimitSeconds: 60 } }),
    ]);
    expect(outcomes.map(({ evidence: { end } }) => ({ ...end, at: undefined }))).toEqual([
      { outcome: "timed_out", signal: 15 },
      { outcome: "timed_out", signal: 9 },
      { outcome: "ended", exitCode: 0 },
    ]);
  });

  test("ends what the command leaves behind in its group", async () => {
    await using bench = await openBench(program);
    const stray = `trap '' TERM; echo $$; : >"$SLIPWAY_RUN_DIR/up"; sleep 60`;
    const { log, evidence } = await bench.run({
      sh: `sleep 60 & sh -c "$STRAY" & until [ -e "$SLIPWAY_RUN_DIR/up" ]; do sleep 0.1; done; exit 5`,
      env: { STRAY: stray },
    });
    expect(evidence.end).toMatchObject({ outcome: "ended", exitCode: 5 });
    await eventually("the stray to end", () => !lives(Number(log)));
  });

  test("begins when slipway says so, and not when it is gone before that", async () => {
    await using bench = await openBench(program);
    const released = path.join(bench.path, "released");
    const [told, untold] = await Promise.all([bench.prepare({ name: "told" }), bench.prepare({ name: "untold" })]);
    const wrappers = [told, untold].map((runDir) => bench.start(runDir, { args: [released], stdin: "pipe" }));
    const ends = wrappers.map(exited);
    await eventually(
      "both to wait",
      async () => (await readEvidence(told)).commit && (await readEvidence(untold)).commit,
    );
    wrappers[1]?.stdin?.end();
    await ends[1];
    await writeFile(released, "");
    expect((await readEvidence(told)).start).toBe(undefined);
    wrappers[0]?.stdin?.end();
    await ends[0];
    expect((await readEvidence(told)).end).toMatchObject({ outcome: "ended", exitCode: 0 });
    const { start, end } = await readEvidence(untold);
    expect([start, end]).toEqual([
      undefined,
      expect.objectContaining({ outcome: "cancelled", reason: "submission_interrupted" }),
    ]);
  });

  test("tells that the code is gone", async () => {
    await using bench = await openBench(program);
    const runDir = await bench.prepare({});
    await rm(path.join(bench.path, "code"), { recursive: true });
    await exited(bench.start(runDir));
    const { start, end } = await readEvidence(runDir);
    expect([start, end]).toEqual([undefined, expect.objectContaining({ exitCode: 126, reason: "code_missing" })]);
  });

  test("takes a dependency whose wrapper was killed for failed, and waits while its command lives", async () => {
    await using bench = await openBench(program);
    const first = await bench.prepare({ name: "first", sh: "while :; do sleep 1; done" });
    const wrapper = bench.start(first);
    const group = await eventually("the command", async () => (await readEvidence(first)).group);
    const [ok, notok] = await Promise.all([
      bench.prepare({ name: "ok", needs: [{ job: "first", type: "ok" }] }),
      bench.prepare({ name: "notok", needs: [{ job: "first", type: "notok" }] }),
    ]);
    const killed = exited(wrapper);
    wrapper.kill("SIGKILL");
    await killed;
    const ends = [exited(bench.start(ok)), exited(bench.start(notok))];
    await eventually("both to wait", async () => (await readEvidence(ok)).commit && (await readEvidence(notok)).commit);
    expect([(await readEvidence(ok)).end, (await readEvidence(notok)).start]).toEqual([undefined, undefined]);
    process.kill(-group.pid, "SIGKILL");
    await Promise.all(ends);
    expect((await readEvidence(ok)).end).toMatchObject({ outcome: "cancelled", reason: "dependency_failed" });
    expect((await readEvidence(notok)).end).toMatchObject({ outcome: "ended", exitCode: 0 });
  });

  test("can be run again by hand as its first lines say", async () => {
    await using bench = await openBench(program);
    const { runDir } = await bench.run({ sh: "echo hello" });
    const line = (await readFile(path.join(runDir, "job.sh"), "utf8"))
      .split("\n")
      .find((text) => text.includes("mkdir ../"));
    spawnSync("sh", ["-c", (line ?? "").replace("#", "")], { cwd: runDir });
    expect(await readFile(path.join(runDir, "..", "job.again", "attempt-1.log"), "utf8")).toBe("hello\n");
  });
});

const mayMount = process.getuid?.() === 0 && process.platform === "linux";

describe.runIf(mayMount).each(shells)(
  "on a full disk (a small one is mounted, as root), the wrapper with $name",
  ({ program }) => {
    const fillDisk = 'cat /dev/zero >"$SLIPWAY_RUN_DIR/fill" 2>/dev/null; exit 0';

    test("waits for space to tell the end, and tells none before", async () => {
      await using bench = await openBench(program);
      await using disk = await smallDisk(path.join(bench.path, "disk"));
      const runDir = await bench.prepare({ sh: fillDisk, directory: disk.path });
      const ended = exited(bench.start(runDir));
      await eventually("a status that cannot be written", () => existsSync(path.join(runDir, "attempt-1.status.tmp")));
      expect((await readEvidence(runDir)).end).toBe(undefined);
      await rm(path.join(runDir, "run", "fill"));
      expect(await ended).toBe(0);
      expect((await readEvidence(runDir)).end).toMatchObject({ outcome: "ended", exitCode: 0 });
    });

    test("gives up without a success", async () => {
      await using bench = await openBench(program);
      await using disk = await smallDisk(path.join(bench.path, "disk"));
      const runDir = await bench.prepare({ sh: fillDisk, directory: disk.path });
      const script = path.join(runDir, "job.sh");
      const text = await readFile(script, "utf8");
      await writeFile(script, text.replace("1 .. 60", "1 .. 1").replaceAll("-lt 60", "-lt 1"));
      expect(await exited(bench.start(runDir))).toBe(1);
      expect((await readEvidence(runDir)).end).toBe(undefined);
    });

    test("does not begin when it cannot say that it does", async () => {
      await using bench = await openBench(program);
      await using disk = await smallDisk(path.join(bench.path, "disk"));
      const runDir = await bench.prepare({ sh: "exit 0", directory: disk.path });
      spawnSync("sh", ["-c", 'cat /dev/zero >"$1/fill"', "sh", runDir]);
      expect(await exited(bench.start(runDir))).toBe(1);
      expect(await readEvidence(runDir)).toEqual({ attempt: 1, unreadable: [] });
    });
  },
);

/** A file system of 256 KiB. */
async function smallDisk(directory: string): Promise<AsyncDisposable & { readonly path: string }> {
  await mkdir(directory);
  const { status, stderr } = spawnSync("sh", ["-c", 'mount -t tmpfs -o size=256k tmpfs "$1"', "sh", directory]);
  if (status !== 0) throw new Error(`mount: ${String(stderr)}`);
  return {
    path: directory,
    async [Symbol.asyncDispose]() {
      await eventually(
        "the disk to be free",
        () => spawnSync("sh", ["-c", 'umount "$1"', "sh", directory]).status === 0,
      );
    },
  };
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false; // ESRCH: it is gone.
  }
}
