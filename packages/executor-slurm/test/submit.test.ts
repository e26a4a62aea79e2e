import { chmod, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";

import type { JobPlan, Transport } from "@slipway/core";
import { eventually, temporaryDirectory } from "@slipway/testing";
import { describe, expect, test } from "vitest";

import type { Fixture } from "./fixture.ts";
import { isSupported, ownTestbed } from "./testbed.ts";

describe.runIf(isSupported)("a submission", () => {
  const open = ownTestbed({ nodes: 4 });

  test("leaves a run directory with the script, the variables and the record of which job counts", async () => {
    await using fixture = await open();
    const plan = fixture.plan({ env: { LR: "0.1" } }, { TOKEN: "x" });
    const [handle] = await fixture.executor.submit([plan]);
    if (!handle) throw new Error("No handle");
    const id = handle.id.slice(open.testbed().clusterName.length + 1);
    expect(handle).toEqual({
      id: `${open.testbed().clusterName}.${id}`,
      experiment: fixture.experiment,
      job: "job",
      runDir: path.join(fixture.jobDir, "runs", fixture.experiment, "job"),
    });
    await fixture.end(handle);
    const script = plan.files.find(({ path: name }) => name === plan.script)?.content;
    expect(await readFile(path.join(handle.runDir, "job.sbatch"), "utf8")).toBe(script);
    expect(await readFile(path.join(handle.runDir, "env"), "utf8")).toBe("export LR=0.1\n");
    const commit = await readFile(path.join(handle.runDir, "commit"), "utf8");
    expect(commit).toBe(`version=1\ntoken=${fixture.experiment}.job.1\njob=${handle.id}\nend=1\n`);
    expect(await leases(fixture)).toEqual([`j.${handle.id}`]);
    const modes = ["job.sbatch", "env", "secrets", "submission"].map(async (name) => {
      const { mode } = await stat(path.join(handle.runDir, name));
      return (mode & 0o777).toString(8);
    });
    expect(await Promise.all(modes)).toEqual(["644", "600", "600", "644"]);
  });

  test("costs one command there, however many jobs it has", async () => {
    const execs: number[] = [];
    await using fixture = await open({ transport: (inner) => countingExecs(inner, execs) });
    await fixture.executor.stage(fixture.bundle);
    execs.length = 0;
    await fixture.executor.stage(fixture.bundle);
    const plans = ["a", "b", "c"].map((name) => fixture.plan({ name }));
    const handles = await fixture.executor.submit(plans);
    expect(execs.length).toBe(2);
    await fixture.executor.poll(handles);
    expect(execs.length).toBe(3);
    await fixture.executor.cancel(handles);
    expect(execs.length).toBe(4);
  });

  test("of one job of staged code sends less than 8 KiB, once another was submitted there", async () => {
    const execs: number[] = [];
    await using fixture = await open({ transport: (inner) => countingExecs(inner, execs) });
    await fixture.executor.cancel(await fixture.executor.submit([fixture.plan({ name: "first" })]));
    execs.length = 0;
    await fixture.executor.stage(fixture.bundle);
    const handles = [...(await fixture.executor.submit([fixture.plan()]))];
    const texts = await readdir(path.join(fixture.jobDir, "text"));
    expect(texts).toHaveLength(2);
    await Promise.all(texts.map((name) => writeFile(path.join(fixture.jobDir, "text", name), "damaged")));
    handles.push(...(await fixture.executor.submit([fixture.plan({ name: "healed" })])));
    await fixture.executor.cancel(handles);
    const [stage = 0, submit = 0] = execs;
    expect(stage + submit).toBeLessThan(8 * 1024);
  });

  test("that Slurm refuses starts none of its jobs, and leaves nothing", async () => {
    await using fixture = await open();
    const plans = [
      fixture.plan({ name: "first" }),
      fixture.plan({ name: "second", resources: { partition: "nowhere" }, needs: [{ job: "first", type: "ok" }] }),
    ];
    await expect(fixture.executor.submit(plans)).rejects.toMatchObject({
      code: "EXECUTOR_SLURM_REFUSED",
      message: "Slurm on local refused job second: Invalid partition name specified",
      hint: "Name a partition that the cluster has: slipway nodes lists them",
    });
    expect(await queueOf(`${fixture.experiment}.`)).toEqual([expect.stringMatching(/^\d+ CANCELLED /)]);
    expect(await leases(fixture)).toEqual([]);
    expect(await readdir(path.join(fixture.jobDir, "runs"))).toEqual([]);
  });

  test("of jobs that wait for each other is refused", async () => {
    await using fixture = await open();
    const plans = [
      fixture.plan({ name: "a", needs: [{ job: "b", type: "ok" }] }),
      fixture.plan({ name: "b", needs: [{ job: "a", type: "any" }] }),
    ];
    await expect(fixture.executor.submit(plans)).rejects.toMatchObject({
      code: "EXECUTOR_DEPENDENCY_CYCLE",
      message: "The jobs wait for each other: a needs b needs a",
    });
  });

  test("under another's token in the same run directory is refused", async () => {
    await using fixture = await open();
    await fixture.end(await fixture.start({}));
    const plan = fixture.plan();
    const again: JobPlan = {
      ...plan,
      token: `${fixture.experiment}.jab.1`,
      files: plan.files.map((file) => ({ ...file, content: file.content.replaceAll(".job.1", ".jab.1") })),
    };
    await expect(fixture.executor.submit([again])).rejects.toMatchObject({
      code: "EXECUTOR_RUN_DIR_TAKEN",
      message: `The run directory of ${again.token} belongs to ${plan.token}: ${plan.runDir}`,
    });
    expect(await leases(fixture)).toHaveLength(1);
  });

  test("is made whole when it was cut off anywhere: one job, which runs once", async () => {
    await using fixture = await open();
    const plan = fixture.plan({ name: "once", sh: 'echo ran >>"$SLIPWAY_RUN_DIR/count"' });
    const [handle] = await fixture.executor.submit([plan]);
    if (!handle) throw new Error("No handle");
    await fixture.end(handle);
    // As after a loss of the connection before the last step.
    await rm(path.join(handle.runDir, "released"));
    expect(await fixture.executor.submit([plan])).toEqual([handle]);
    expect(await readFile(path.join(handle.runDir, "run/count"), "utf8")).toBe("ran\n");
  });

  test("that was taken without an answer is found by its token", async () => {
    await using fixture = await open();
    const plan = fixture.plan({ name: "adopted", sh: "echo ran" });
    // As after the loss of the connection between sbatch and the commit: the run directory is there, the job is held.
    await using folder = await temporaryDirectory();
    const [first] = await fixture.executor.submit([fixture.plan({ name: "model" })]);
    if (!first) throw new Error("No handle");
    await fixture.end(first);
    const sbatch = path.join(folder.path, "sbatch");
    await writeFile(
      sbatch,
      `#!/bin/sh\n/usr/bin/sbatch "$@" >/dev/null\nkill -KILL "-$(ps -o pgid= -p $$ | tr -d ' ')"\n`,
    );
    await chmod(sbatch, 0o755);
    await expect(fixture.with({ PATH: `${folder.path}:/usr/bin:/bin` }).submit([plan])).rejects.toMatchObject({
      code: "EXECUTOR_NO_ANSWER",
    });
    const queued = await queueOf(`${fixture.experiment}.adopted.1`);
    expect(queued).toEqual([expect.stringMatching(/^\d+ PENDING JobHeldUser$/)]);
    const [handle] = await fixture.executor.submit([plan]);
    if (!handle) throw new Error("No handle");
    expect(handle.id).toBe(`${open.testbed().clusterName}.${queued[0]?.split(" ")[0] ?? ""}`);
    expect((await fixture.end(handle)).state).toBe("succeeded");
    expect(await queueOf(`${fixture.experiment}.adopted.1`)).toHaveLength(1);
  });

  test("is sent again only when the answer was lost and Slurm has no such job", async () => {
    await using fixture = await open();
    await using folder = await temporaryDirectory();
    const sbatch = path.join(folder.path, "sbatch");
    const lost = "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation";
    await writeFile(
      sbatch,
      `#!/bin/sh\n[ -e "${folder.path}/asked" ] && exec /usr/bin/sbatch "$@"\n: >"${folder.path}/asked"\necho '${lost}' >&2\nexit 1\n`,
    );
    await chmod(sbatch, 0o755);
    const plan = fixture.plan({ name: "again", sh: "echo ran" });
    const [handle] = await fixture.with({ PATH: `${folder.path}:/usr/bin:/bin` }).submit([plan]);
    if (!handle) throw new Error("No handle");
    expect((await fixture.end(handle)).state).toBe("succeeded");
    expect(await queueOf(`${fixture.experiment}.again.1`)).toHaveLength(1);
  });

  test("of a graph by several at once gives one graph", async () => {
    await using fixture = await open();
    const plans = [
      fixture.plan({ name: "a", sh: 'echo ran >>"$SLIPWAY_RUN_DIR/count"' }),
      fixture.plan({
        name: "b",
        sh: 'echo ran >>"$SLIPWAY_RUN_DIR/count"',
        needs: [{ job: "a", type: "ok" }],
      }),
      fixture.plan({ name: "c", needs: [{ job: "b", type: "ok" }] }),
    ];
    const all = await Promise.all([1, 2, 3, 4].map(() => fixture.executor.submit(plans)));
    const [handles = []] = all;
    expect(all).toEqual([handles, handles, handles, handles]);
    const ended = await Promise.all(handles.map((handle) => fixture.end(handle)));
    expect(ended.map(({ state }) => state)).toEqual(["succeeded", "succeeded", "succeeded"]);
    const counts = handles.slice(0, 2).map(({ runDir }) => readFile(path.join(runDir, "run/count"), "utf8"));
    expect(await Promise.all(counts)).toEqual(["ran\n", "ran\n"]);
    expect((await queueOf(`${fixture.experiment}.`)).filter((line) => line.includes("PENDING"))).toEqual([]);
  });

  test("of a job that needs one submitted before waits for it, or for nothing when it has succeeded", async () => {
    await using fixture = await open();
    const first = await fixture.start({ name: "first", sh: 'until [ -e "$SLIPWAY_RUN_DIR/go" ]; do sleep 0.1; done' });
    const second = await fixture.start({ name: "second", needs: [{ job: "first", type: "ok" }] });
    expect((await fixture.status(second))?.state).toBe("queued");
    await writeFile(path.join(first.runDir, "run/go"), "");
    expect((await fixture.end(second)).state).toBe("succeeded");
    await eventually(
      "Slurm to forget",
      async () => (await queueOf(`${fixture.experiment}.first.1`)).length === 0,
      60_000,
    );
    const third = await fixture.start({ name: "third", needs: [{ job: "first", type: "ok" }] });
    expect((await fixture.end(third)).state).toBe("succeeded");
    await expect(fixture.start({ name: "fourth", needs: [{ job: "first", type: "notok" }] })).rejects.toMatchObject({
      code: "EXECUTOR_DEPENDENCY_NEVER",
      message: "Job fourth would never start: first has not ended as it needs",
    });
    await expect(fixture.start({ name: "fifth", needs: [{ job: "nobody", type: "any" }] })).rejects.toMatchObject({
      code: "EXECUTOR_DEPENDENCY_UNKNOWN",
      message: "Job fifth needs nobody, of which neither Slurm nor its own record tells the end",
    });
  });

  test("whose answer is lost because the controller is started again becomes one job", async () => {
    await using fixture = await open();
    await using folder = await temporaryDirectory();
    const at = (name: string) => path.join(folder.path, name);
    const lost = "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation";
    await writeFile(
      at("sbatch"),
      `#!/bin/sh\n/usr/bin/sbatch "$@" >/dev/null\n: >${at("asked")}\nuntil [ -e ${at("again")} ]; do sleep 0.1; done\necho '${lost}' >&2\nexit 1\n`,
    );
    await chmod(at("sbatch"), 0o755);
    const plan = fixture.plan({ name: "restarted", sh: 'echo ran >>"$SLIPWAY_RUN_DIR/count"' });
    const submitted = fixture.with({ PATH: `${folder.path}:/usr/bin:/bin` }).submit([plan]);
    submitted.catch(() => {}); // Looked at below.
    await eventually("sbatch", async () => (await readdir(folder.path)).includes("asked"));
    await open.testbed().stopController();
    await open.testbed().startController();
    await writeFile(at("again"), "");
    const [handle] = await submitted;
    if (!handle) throw new Error("No handle");
    expect((await fixture.end(handle)).state).toBe("succeeded");
    expect(await readFile(path.join(handle.runDir, "run/count"), "utf8")).toBe("ran\n");
    expect(await queueOf(`${fixture.experiment}.restarted.1`)).toHaveLength(1);
  }, 120_000);

  test("while the controller is down is refused, and nothing is lost", async () => {
    await using fixture = await open();
    const plan = fixture.plan({ name: "later" });
    await open.testbed().stopController();
    await expect(fixture.executor.submit([plan])).rejects.toMatchObject({ code: "EXECUTOR_SLURM_UNREACHABLE" });
    await open.testbed().startController();
    const [handle] = await fixture.executor.submit([plan]);
    if (!handle) throw new Error("No handle");
    expect((await fixture.end(handle)).state).toBe("succeeded");
    expect(await queueOf(`${fixture.experiment}.later.1`)).toHaveLength(1);
  });

  test("that the controller takes and does not answer becomes one job", async () => {
    await using fixture = await open();
    const plan = fixture.plan({ name: "silent", sh: 'echo ran >>"$SLIPWAY_RUN_DIR/count"' });
    await open.testbed().pauseController();
    await expect(fixture.executor.submit([plan])).rejects.toMatchObject({ code: "EXECUTOR_SLURM_UNREACHABLE" });
    await open.testbed().resumeController();
    const [first, second] = await Promise.all([fixture.executor.submit([plan]), fixture.executor.submit([plan])]);
    const [handle] = first;
    if (!handle) throw new Error("No handle");
    expect(second).toEqual(first);
    expect((await fixture.end(handle)).state).toBe("succeeded");
    expect(await readFile(path.join(handle.runDir, "run/count"), "utf8")).toBe("ran\n");
    const others = (await queueOf(`${fixture.experiment}.silent.1`)).filter(
      (line) => !/COMPLETED|CANCELLED/.test(line),
    );
    expect(others).toEqual([]);
  }, 120_000);

  /** `ID STATE REASON` of each job whose name begins so. */
  async function queueOf(beginning: string): Promise<readonly string[]> {
    const { stdout } = await open.testbed().slurm("squeue", "-h", "-t", "all", "-o", "%j|%F %T %r");
    return stdout
      .split("\n")
      .filter((line) => line.startsWith(beginning))
      .map((line) => line.slice(line.indexOf("|") + 1));
  }
});

/** The leases of all instances. */
async function leases({ jobDir }: Fixture): Promise<readonly string[]> {
  const code = path.join(jobDir, "store/code");
  const instances = await readdir(code);
  return (await Promise.all(instances.map((instance) => readdir(path.join(code, instance, "L"))))).flat().toSorted();
}

/** Notes the bytes that each command sends. */
function countingExecs(inner: Transport, execs: number[]): Transport {
  return {
    host: inner.host,
    exec(argv, options) {
      const { stdin } = options ?? {};
      const length = typeof stdin === "string" || stdin instanceof Uint8Array ? stdin.length : 0;
      execs.push(argv.join(" ").length + length);
      return inner.exec(argv, options);
    },
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
}
