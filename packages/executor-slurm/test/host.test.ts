import { lstat, readdir, readFile, rmdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";

import { createSlurmExecutor } from "@slipway/executor-slurm";
import { temporaryDirectory } from "@slipway/testing";
import { sharedTestbed } from "@slipway/testing/testbed";
import { openLocalTransport } from "@slipway/transport-local";
import { describe, expect, test } from "vitest";

import { openFixture } from "./fixture.ts";
import { isSupported } from "./testbed.ts";
import { linkToolsBut, searchPath } from "./tools.ts";

test("a job_dir that is not absolute is refused", async () => {
  await using transport = openLocalTransport({ env: {} });
  expect(() => createSlurmExecutor({ transport, jobDir: "slipway", cluster: { name: "c" } })).toThrow(
    expect.objectContaining({
      code: "EXECUTOR_JOB_DIR_NOT_ABSOLUTE",
      message: 'The job_dir is "slipway", not an absolute path',
    }),
  );
});

test("a host without Slurm's tools is told by name", async () => {
  await using folder = await temporaryDirectory();
  for (const tool of ["sh", "env", "gzip"]) await symlink(`/bin/${tool}`, path.join(folder.path, tool));
  await using transport = openLocalTransport({ env: { PATH: folder.path } });
  const executor = createSlurmExecutor({ transport, jobDir: folder.path, cluster: { name: "c" } });
  const handle = { id: "c.1", experiment: "e", job: "j", runDir: `${folder.path}/runs/e/j` };
  const missing = (tool: string) => ({
    code: "EXECUTOR_SLURM_TOOL_MISSING",
    message: `local has no ${tool}`,
  });
  await expect(executor.submit([])).rejects.toMatchObject(missing("scontrol"));
  await expect(executor.cancel([handle])).rejects.toMatchObject(missing("scancel"));
});

test("a command that is ended from outside has no answer", async () => {
  const executor = createSlurmExecutor({
    transport: {
      host: "login",
      exec: async () => ({ exitCode: undefined, signal: "SIGKILL", stdout: new Uint8Array(), stderr: "" }),
      async [Symbol.asyncDispose]() {},
    },
    jobDir: "/job",
    cluster: { name: "c" },
  });
  const handle = { id: "c.1", experiment: "e", job: "j", runDir: "/job/runs/e/j" };
  await expect(executor.poll([handle])).rejects.toMatchObject({
    code: "EXECUTOR_NO_ANSWER",
    message: "The commands on login ended without an answer (signal SIGKILL)",
  });
});

describe.runIf(isSupported)("on the login node", () => {
  test("no secret stands in a file that others may read, nor in what Slurm shows", async () => {
    const testbed = await sharedTestbed();
    await using fixture = await openFixture(testbed);
    const secret = "s3cret-0f-the-test";
    const plan = fixture.plan(
      { sh: 'echo "${#TOKEN}"; ps -eo args | grep -c "[s]3cret-0f"; exit 0' },
      { TOKEN: secret },
    );
    const [handle] = await fixture.executor.submit([plan]);
    if (!handle) throw new Error("No handle");
    await fixture.end(handle);
    expect(await fixture.log(handle)).toBe(`${secret.length}\n0\n`);
    const holding = await filesWith(fixture.jobDir, secret);
    expect(holding).toEqual([`runs/${fixture.experiment}/job/secrets 600`]);
    const id = handle.id.slice(handle.id.lastIndexOf(".") + 1);
    const shown = await testbed.slurm("scontrol", "show", "job", id);
    const script = await testbed.slurm("scontrol", "write", "batch_script", id, "-");
    expect(shown.stdout + script.stdout).not.toContain(secret);
    const { stdout } = await testbed.slurm("grep", "-rlF", secret, path.join(testbed.directory, "logs"));
    expect(stdout).toBe("");
  });

  test("what a terminal sets for sbatch and squeue changes nothing", async () => {
    await using fixture = await openFixture(await sharedTestbed());
    const noisy = fixture.with({
      SBATCH_PARTITION: "nowhere",
      SBATCH_JOB_NAME: "mine",
      SQUEUE_FORMAT: "%j",
      SQUEUE_STATES: "F",
      SLURM_TIME_FORMAT: "%H",
      LC_ALL: "C.UTF-8",
    });
    const [handle] = await noisy.submit([fixture.plan({ sh: 'echo "$LC_ALL ${SBATCH_PARTITION-unset}"' })]);
    if (!handle) throw new Error("No handle");
    expect((await fixture.end(handle)).state).toBe("succeeded");
    expect((await noisy.poll([handle])).get(handle.id)?.state).toBe("succeeded");
    expect(await fixture.log(handle)).toBe("C.UTF-8 unset\n");
  });

  test.each(["perl", "env"])("nothing that the submitting shell exports reaches a job, by %s (W-L15)", async (by) => {
    await using fixture = await openFixture(await sharedTestbed());
    await using folder = await temporaryDirectory();
    const PATH = by === "perl" ? searchPath : await linkToolsBut("perl", folder.path);
    const variables = { API_TOKEN: "of the shell", SBATCH_EXPORT: "ALL", PERL5OPT: "-Mnowhere", PYTHONPATH: "/mine" };
    const plan = fixture.plan({ env: { OWN: "1" }, sh: 'echo "$OWN ${API_TOKEN-} ${PERL5OPT-} ${PYTHONPATH-}"' });
    const [handle] = await fixture.with({ ...variables, PATH }).submit([plan]);
    if (!handle) throw new Error("No handle");
    await fixture.end(handle);
    expect(await fixture.log(handle)).toBe("1   \n");
  });

  test("a place where nothing can be written is told, and nothing is submitted", async () => {
    await using fixture = await openFixture(await sharedTestbed());
    const plan = fixture.plan();
    await writeFile(path.join(fixture.jobDir, "runs"), "in the way");
    await expect(fixture.executor.submit([plan])).rejects.toMatchObject({
      code: "EXECUTOR_JOB_DIR_NOT_WRITABLE",
      message: expect.stringContaining(`Cannot write ${fixture.jobDir}/runs/${fixture.experiment} on local: `),
    });
    const code = path.join(fixture.jobDir, "store/code");
    const [instance = ""] = await readdir(code);
    expect(await readdir(path.join(code, instance, "L"))).toEqual([]);
  });

  test("code that is gone is staged again, by whoever staged it", async () => {
    await using fixture = await openFixture(await sharedTestbed());
    const plan = fixture.plan({ sh: "cat slipway-contract.txt" });
    const code = path.join(fixture.jobDir, "store/code");
    const [instance = ""] = await readdir(code);
    await rmdir(path.join(code, instance, "L")); // Closed by a cleaner.
    await expect(fixture.with({}).submit([plan])).rejects.toMatchObject({ code: "EXECUTOR_CODE_GONE" });
    const [handle] = await fixture.executor.submit([plan]);
    if (!handle) throw new Error("No handle");
    await fixture.end(handle);
    expect(await fixture.log(handle)).toBe("code that is staged\n");
  });
});

/** `PATH MODE` of each file below a folder that holds a text. */
async function filesWith(folder: string, text: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of await readdir(folder, { recursive: true })) {
    const file = path.join(folder, name);
    const seen = await lstat(file);
    const holds = seen.isFile() && (await readFile(file, "latin1")).includes(text);
    if (holds) found.push(`${name} ${(seen.mode & 0o777).toString(8)}`);
  }
  return found;
}
