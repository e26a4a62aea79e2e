import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

import { eventually, gitRepository, writeFiles } from "@slipway/testing";
import { testbedSupport } from "@slipway/testing/testbed";
import { describe, expect, test } from "vitest";

import { machineWithCluster } from "./cluster.ts";
import { startPodman } from "./podman.ts";

const support = await testbedSupport();
const started = support.available ? await startPodman() : support;
const why = "why" in started ? ` (none runs here: ${started.why})` : "";

describe.skipIf(why !== "")(`a job in a container of podman's${why}`, () => {
  async function openWorld() {
    if ("why" in started) throw new Error(started.why);
    const { m, jobDir } = await machineWithCluster();
    const config = path.join(m.home, "clusters", "testbed.yaml");
    const containers = `container_runtime: podman\ncontainers: { small: "${started.image}" }\n`;
    await writeFiles(m.home, { "clusters/testbed.yaml": (await readFile(config, "utf8")) + containers });
    const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { "data.txt": "shipped\n" } });
    return { ...started, m, jobDir, repo, [Symbol.asyncDispose]: () => m[Symbol.asyncDispose]() };
  }

  test("has its code where it cannot be changed, its run directory, its variables, and its own exit code", async () => {
    await using world = await openWorld();
    const { m, repo } = world;
    m.env["API_KEY"] = "s3cret of 20 letters";
    const script = [
      "cat data.txt",
      "touch more 2>/dev/null && echo writable",
      'echo "$PWD $SLIPWAY_CODE_DIR $SLIPWAY_RUN_DIR $COLOUR ${#API_KEY} ${SLURM_JOB_ID:+Slurm}"',
      "echo kept >/slipway/run/out.txt",
      "exit 7",
    ].join("\n");
    const asked = ["--cluster", "testbed", "--container", "small", "--env", "COLOUR=deep blue", "--secret", "API_KEY"];
    const run = await m.slipway(repo, "run", ...asked, "--follow", "--name", "c", "--", "sh", "-c", script);
    expect(run.stdout).toBe("shipped\n/slipway/code /slipway/code /slipway/run deep blue 20 Slurm\n");
    expect(run.exitCode).toBe(1);
    expect(await m.json(repo, "status", "c")).toMatchObject({ jobs: [{ state: "failed", exitCode: 7 }] });
    await m.slipway(repo, "pull", "c", "--to", path.join(m.folder, "pulled"));
    const pulled = await readdir(path.join(m.folder, "pulled"), { recursive: true });
    expect(pulled.filter((name) => path.basename(name) === "out.txt")).toHaveLength(1);
  });

  test("ends with its container when it is cancelled", async () => {
    await using world = await openWorld();
    const { m, repo, podman } = world;
    const asked = ["--cluster", "testbed", "--container", "small", "--name", "long"];
    expect((await m.slipway(repo, "run", ...asked, "--", "sleep", "300")).exitCode).toBe(0);
    const names = () => podman("ps", "--quiet", "--no-trunc");
    await eventually("the container to run", async () => (await names()) !== "");
    expect((await m.slipway(repo, "cancel", "long")).exitCode).toBe(0);
    expect((await m.slipway(repo, "wait", "long")).exitCode).toBe(7);
    await eventually("the container to end", async () => (await names()) === "");
  });

  test("has a container for each task of a step", async () => {
    await using world = await openWorld();
    const { m, repo } = world;
    const asked = ["--cluster", "testbed", "--container", "small", "--nodes", "2", "--follow", "--name", "two"];
    const run = await m.slipway(repo, "run", ...asked, "--", "sh", "-c", 'echo "task $SLURM_PROCID of $SLURM_NTASKS"');
    expect({ exitCode: run.exitCode, lines: run.stdout.trim().split("\n").toSorted() }).toEqual({
      exitCode: 0,
      lines: [expect.stringContaining("task 0 of 2"), expect.stringContaining("task 1 of 2")],
    });
  });

  test("can save its work when it is cancelled", async () => {
    await using world = await openWorld();
    const { m, repo } = world;
    const asked = ["--cluster", "testbed", "--container", "small", "--name", "saving"];
    const script = 'trap "echo all >/slipway/run/saved; exit 3" TERM; echo ready; while :; do sleep 0.1; done';
    expect((await m.slipway(repo, "run", ...asked, "--", "sh", "-c", script)).exitCode).toBe(0);
    const log = async () => (await m.slipway(repo, "logs", "saving")).stdout;
    await eventually("the command to run", async () => (await log()).includes("ready"));
    expect((await m.slipway(repo, "cancel", "saving")).exitCode).toBe(0);
    expect((await m.slipway(repo, "wait", "saving")).exitCode).toBe(7);
    const pulled = path.join(m.folder, "saved");
    await eventually("the command to have saved its work", async () => {
      await m.slipway(repo, "pull", "saving", "--to", pulled);
      const names = await readdir(pulled, { recursive: true }).catch(() => []);
      return names.some((name) => path.basename(name) === "saved");
    });
  });
});
