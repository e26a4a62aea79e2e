import { chmod, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { createSlurmExecutor } from "@slipway/executor-slurm";
import { eventually, temporaryDirectory } from "@slipway/testing";
import { sharedTestbed } from "@slipway/testing/testbed";
import { openLocalTransport } from "@slipway/transport-local";
import { describe, expect, test } from "vitest";

import { openFixture } from "./fixture.ts";
import type { Fixture, FixtureOptions } from "./fixture.ts";
import { summary } from "./summary.ts";
import { isSupported } from "./testbed.ts";

/**
 * Defects that were found in other tools, and that this one does not have. What concerns retries, arrays and groups, tries, records and
 * half-done submissions is in retries.test.ts, parts.test.ts, tries.test.ts, record.test.ts, submit.test.ts and faults.test.ts.
 */
describe.runIf(isSupported)("a job", () => {
  test.concurrent("leaves a secret's value in no file but its own, which nobody else may read", async () => {
    await using fixture = await open();
    const value = "s3cret-and-rare";
    const [handle] = await fixture.executor.submit([
      fixture.plan({ sh: 'test "$TOKEN" = s3cret-and-rare' }, { TOKEN: value }),
    ]);
    if (!handle) throw new Error("No handle");
    expect((await fixture.end(handle)).state).toBe("succeeded");
    const entries = await readdir(fixture.jobDir, { recursive: true, withFileTypes: true });
    const holders: string[] = [];
    for (const entry of entries) {
      const file = path.join(entry.parentPath, entry.name);
      if (entry.isFile() && (await readFile(file, "latin1")).includes(value)) holders.push(entry.name);
    }
    expect(holders.filter((name) => name !== "job.sbatch")).toEqual(["secrets"]);
  });

  test.concurrent("gets variables as they are: no value is executed, no name is changed", async () => {
    await using fixture = await open();
    const env = { FOO: "a b; touch hacked", http_proxy: "x=$(touch hacked)", DATA: "/data/slipway/code_cache" };
    const handle = await fixture.start({ env, sh: 'printf "%s\\n" "$FOO" "$http_proxy" "$DATA" "${HTTP_PROXY-none}"' });
    await fixture.end(handle);
    expect(await fixture.log(handle)).toBe(`${Object.values(env).join("\n")}\nnone\n`);
  });

  test.concurrent("gets nothing of the environment of whoever submits it", async () => {
    await using fixture = await open();
    const [handle] = await fixture
      .with({ LEAKED: "yes", SBATCH_PARTITION: "nowhere", SLURM_JOB_NAME: "other" })
      .submit([fixture.plan({ sh: 'echo "${LEAKED-none} ${SBATCH_PARTITION-none}"' })]);
    if (!handle) throw new Error("No handle");
    await fixture.end(handle);
    expect(await fixture.log(handle)).toBe("none none\n");
  });

  test.concurrent("runs in a container whose image, mounts and arguments have spaces and signs", async () => {
    await using folder = await temporaryDirectory();
    await writeFile(path.join(folder.path, "apptainer"), '#!/bin/sh\nfor word; do printf "%s\\n" "$word"; done\n');
    await chmod(path.join(folder.path, "apptainer"), 0o755);
    await using fixture = await open({
      cluster: {
        containerRuntime: "apptainer",
        containers: { torch: "/images/a b;c.sif" },
        mounts: ["/my data:/data:ro"],
      },
    });
    const env = { PATH: `${folder.path}:/usr/bin:/bin` };
    const handle = await fixture.start({ env, container: "torch", argv: ["python3", "it's $(x).py"] });
    expect((await fixture.end(handle)).state).toBe("succeeded");
    const words = (await fixture.log(handle)).split("\n");
    expect(words).toEqual(expect.arrayContaining(["/my data:/data:ro", "/images/a b;c.sif", "it's $(x).py"]));
  });

  test.concurrent("asks for no more than it was told to: no step, no MPI, no time, no exclusive node", async () => {
    await using fixture = await open({ cluster: { sbatch: {} } });
    const { files, script } = fixture.plan({ sbatch: { exclusive: false } });
    const text = files.find(({ path: name }) => name === script)?.content ?? "";
    const own = text.slice(0, text.indexOf("# --- "));
    expect(own.split("\n").filter((line) => line.startsWith("#SBATCH"))).toEqual([
      `#SBATCH --job-name="${fixture.experiment}.job"`,
      "#SBATCH --requeue",
      '#SBATCH --output="slurm.log"',
      '#SBATCH --open-mode="append"',
    ]);
    expect(own).not.toMatch(/srun|mpi/);
    expect(() => fixture.plan({ sbatch: { constraint: "a\nb" } })).toThrow(
      expect.objectContaining({ code: "SBATCH_INVALID_VALUE" }),
    );
  });

  test.concurrent("that fails lets no job run that needs its success, although it is a group", async () => {
    await using fixture = await open();
    const part = (name: string, sh: string) => ({
      name,
      command: { kind: "argv", argv: ["sh", "-c", sh] } as const,
      resources: {},
      env: {},
    });
    const [group, dependent] = await fixture.executor.submit([
      fixture.plan({ name: "group", group: [part("a", "exit 0"), part("b", "exit 5")], retries: { failed: 0 } }),
      fixture.plan({ name: "then", sh: "echo ran", needs: [{ job: "group", type: "ok" }] }),
    ]);
    if (!group || !dependent) throw new Error("No handle");
    expect(await fixture.end(group)).toMatchObject({ state: "failed", exitCode: 5 });
    expect(summary(await fixture.end(dependent))).toMatchObject({ state: "cancelled" });
    expect(await fixture.log(dependent)).toBe("");
  });

  test.concurrent("waits for all that it needs, in its experiment and in another", async () => {
    await using fixture = await open();
    const wait = 'until [ -e "$SLIPWAY_RUN_DIR/go" ]; do sleep 0.1; done';
    const outside = await fixture.start({ name: "outside", sh: wait });
    const { executor, experiment, code } = fixture;
    const context = { experiment: `${experiment}-2`, code, secrets: {}, comments: [], tryNumber: 1 };
    const job = { command: { kind: "argv", argv: ["sh", "-c", wait] } as const, resources: {}, env: {} };
    const handles = await executor.submit([
      executor.plan({ ...job, name: "inside", needs: [] }, context),
      executor.plan(
        {
          ...job,
          command: { kind: "argv", argv: ["true"] },
          name: "both",
          needs: [
            { job: "inside", type: "any" },
            { job: "outside", type: "ok", experiment },
          ],
        },
        context,
      ),
    ]);
    const [inside, both] = handles;
    if (!inside || !both) throw new Error("No handle");
    await fixture.until(inside, "running");
    await writeFile(path.join(inside.runDir, "run/go"), "");
    await fixture.end(inside);
    expect((await fixture.status(both))?.state).toBe("queued");
    await writeFile(path.join(outside.runDir, "run/go"), "");
    expect((await fixture.end(both)).state).toBe("succeeded");
  });

  test.concurrent("is cancelled at once, before accounting knows of it", async () => {
    await using fixture = await open();
    const handle = await fixture.start({ sh: "exec sleep 600" });
    await fixture.executor.cancel([handle]);
    expect((await fixture.end(handle)).state).toBe("cancelled");
  });

  test.concurrent("of another cluster with the same number is neither cancelled nor told", async () => {
    await using fixture = await open();
    const handle = await fixture.start({ sbatch: { begin: "now+1hour" } });
    const other = { ...handle, id: `elsewhere.${handle.id.slice(handle.id.lastIndexOf(".") + 1)}` };
    await fixture.executor.cancel([other]);
    expect((await fixture.executor.poll([other])).size).toBe(0);
    expect((await fixture.status(handle))?.state).toBe("queued");
    await fixture.executor.cancel([handle]);
  });

  test.concurrent("has the id that sbatch told, whatever else the login node printed", async () => {
    await using fixture = await open();
    await using folder = await temporaryDirectory();
    await writeFile(
      path.join(folder.path, "sbatch"),
      '#!/bin/sh\nid=$(/usr/bin/sbatch "$@") || exit\necho "Welcome to cluster 7"; echo "$id;main"; echo "You have 3 mails"\n',
    );
    await chmod(path.join(folder.path, "sbatch"), 0o755);
    const [handle] = await fixture
      .with({ PATH: `${folder.path}:/usr/bin:/bin` })
      .submit([fixture.plan({ sh: "exit 3" })]);
    if (!handle) throw new Error("No handle");
    expect(summary(await fixture.end(handle))).toEqual({ state: "failed", exitCode: 3, attempt: 1 });
  });

  test.concurrent("goes on, and is told, however often accounting fails", async () => {
    await using fixture = await open();
    await using folder = await temporaryDirectory();
    await writeFile(path.join(folder.path, "sacct"), "#!/bin/sh\necho 'sacct: error: slurmdbd is down' >&2\nexit 1\n");
    await chmod(path.join(folder.path, "sacct"), 0o755);
    const executor = fixture.with({ PATH: `${folder.path}:/usr/bin:/bin` });
    const handle = await fixture.start({ sh: 'until [ -e "$SLIPWAY_RUN_DIR/go" ]; do sleep 0.1; done' });
    await fixture.until(handle, "running");
    for (let count = 0; count < 40; count++)
      expect((await executor.poll([handle])).get(handle.id)?.state).toBe("running");
    await writeFile(path.join(handle.runDir, "run/go"), "");
    await eventually("its end", async () => (await executor.poll([handle])).get(handle.id)?.state === "succeeded");
  });

  test.concurrent("that runs beside another is asked to end, and given time, when that one ends the group", async () => {
    await using fixture = await open();
    const server = "trap 'sleep 1; echo saved; exit 0' TERM; echo up; while :; do sleep 0.1; done";
    const command = (sh: string) => ({ kind: "argv", argv: ["sh", "-c", sh] }) as const;
    const handle = await fixture.start({
      group: [
        { name: "server", command: command(server), resources: {}, env: {} },
        { name: "client", command: command("sleep 1"), resources: {}, env: {}, endsGroup: true },
      ],
    });
    expect((await fixture.end(handle)).state).toBe("succeeded");
    expect(await fixture.log(handle, { rank: "server" })).toContain("saved\n");
  });

  test.concurrent("begins with torchrun without any other tool", async () => {
    await using fixture = await open();
    const { files, script } = fixture.plan({ launcher: "torchrun", resources: { gpusPerNode: 8 }, argv: ["train.py"] });
    expect(files.find(({ path: name }) => name === script)?.content).toContain(
      "set -- torchrun --standalone --nproc-per-node=8 --no-python train.py\n",
    );
  });
});

describe.runIf(isSupported)("two job_dirs on one host", () => {
  test.concurrent("share neither code nor jobs", async () => {
    await using fixture = await open();
    await using folder = await temporaryDirectory();
    const testbed = await sharedTestbed();
    await using transport = openLocalTransport({ env: { ...testbed.env, PATH: process.env["PATH"] ?? "" } });
    const settings = Object.freeze({ name: "testbed", sbatch: Object.freeze({}) });
    const other = createSlurmExecutor({ transport, jobDir: folder.path, cluster: settings });
    const code = await other.stage(fixture.bundle);
    expect(code.directory.startsWith(`${folder.path}/store/`)).toBe(true);
    const plan = other.plan(
      { name: "job", command: { kind: "argv", argv: ["true"] }, resources: {}, env: {}, needs: [] },
      { experiment: fixture.experiment, code, secrets: {}, comments: [], tryNumber: 1 },
    );
    const [there] = await other.submit([plan]);
    expect(there?.runDir).toBe(path.join(folder.path, "runs", fixture.experiment, "job"));
    expect(await fixture.executor.findExperiments()).toEqual([]);
    if (there)
      await eventually("its end", async () => (await other.poll([there])).get(there.id)?.state === "succeeded");
  });
});

async function open(options?: FixtureOptions): Promise<Fixture> {
  return openFixture(await sharedTestbed(), options);
}
