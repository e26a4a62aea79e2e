import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { gitRepository } from "@slipway/testing";
import { sharedTestbed, testbedSupport } from "@slipway/testing/testbed";
import { describe, expect, test } from "vitest";

import { machineWithCluster } from "./cluster.ts";
import { finished } from "./slipway.ts";

const support = await testbedSupport();

interface Run {
  readonly experiment: string;
  readonly digest: string;
  readonly uploadedBytes: number;
  readonly jobs: readonly { readonly state: string }[];
}

describe.skipIf(!support.available)("the code of runs on a cluster", () => {
  test("is reused there without a byte sent, restored from there, and run here", async () => {
    const { m } = await machineWithCluster();
    await using _machine = m;
    const repository = await gitRepository(path.join(m.folder, "repo"), {
      files: { "train.py": "print('first')\n", "a name\nwith a line": "odd\n", link: { symlink: "train.py" } },
    });
    const repo = repository.path;
    const on = (cluster: string, ...options: readonly string[]) =>
      m.json<Run>(repo, "run", "--cluster", cluster, ...options, "--wait", "--", "python3", "train.py");
    const first = await on("testbed");
    await writeFile(path.join(repo, "train.py"), "print('second')\n");
    await repository.git("commit", "-qam", "second");

    const again = await on("testbed", "--reuse-code", first.experiment);
    expect(again).toMatchObject({ digest: first.digest, uploadedBytes: 0, jobs: [{ state: "succeeded" }] });
    expect((await m.slipway(repo, "logs", again.experiment)).stdout).toBe("first\n");

    expect(await m.json(repo, "restore", first.experiment, "../code")).toMatchObject({
      digest: first.digest,
      files: 3,
      from: "the store of testbed",
    });
    const code = path.join(m.folder, "code");
    expect((await readdir(code)).toSorted()).toEqual(["a name\nwith a line", "link", "train.py"]);
    expect(await readFile(path.join(code, "link"), "utf8")).toBe("print('first')\n");

    await rm(path.join(repo, ".git"), { recursive: true }); // Not from its commit.
    const here = await on("local", "--reuse-code", first.experiment);
    expect(here).toMatchObject({ digest: first.digest, jobs: [{ state: "succeeded" }] });
    expect((await m.slipway(repo, "logs", here.experiment)).stdout).toBe("first\n");
  });

  test("travels from the local store when the cluster has not got it", async () => {
    const { m, jobDir } = await machineWithCluster();
    await using _machine = m;
    const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { "train.py": "print(1)\n" } });
    const here = await m.json<Run>(repo, "run", "--wait", "--", "python3", "train.py");
    await writeFile(path.join(repo, "train.py"), "print(2)\n");
    const reuse = (experiment: string) =>
      m.json<Run>(
        repo,
        "run",
        "--cluster",
        "testbed",
        "--wait",
        "--reuse-code",
        experiment,
        "--",
        "python3",
        "train.py",
      );
    const there = await reuse(here.experiment);
    expect(there).toMatchObject({ digest: here.digest, jobs: [{ state: "succeeded" }] });
    expect(there.uploadedBytes).toBeGreaterThan(0);
    expect((await m.slipway(repo, "logs", there.experiment)).stdout).toBe("1\n");

    const testbed = await sharedTestbed();
    await testbed.asUser("sh", "-c", `chmod -R u+w ${jobDir}/store; rm -rf ${jobDir}/store`);
    const healed = await reuse(there.experiment);
    expect(healed).toMatchObject({ digest: here.digest, jobs: [{ state: "succeeded" }] });
  });

  test("goes from one cluster to another, and is not fetched where the other has it", async () => {
    const { m, jobDir } = await machineWithCluster();
    await using _machine = m;
    const file = await readFile(path.join(m.home, "clusters/testbed.yaml"), "utf8");
    await writeFile(path.join(m.home, "clusters/other.yaml"), file.replace(jobDir, `${jobDir}-other`));
    const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { "train.py": "print(1)\n" } });
    const first = await m.json<Run>(repo, "run", "--cluster", "testbed", "--wait", "--", "python3", "train.py");
    await rm(path.join(repo, ".git"), { recursive: true });
    await rm(path.join(repo, "train.py"));
    const onOther = () =>
      m.slipway(
        repo,
        "run",
        "--cluster",
        "other",
        "--follow",
        "--reuse-code",
        first.experiment,
        "--",
        "python3",
        "train.py",
      );
    expect(await onOther()).toMatchObject({
      exitCode: 0,
      stdout: "1\n",
      stderr: expect.stringContaining("from the store of testbed"),
    });
    const testbed = await sharedTestbed();
    await testbed.asUser("sh", "-c", `chmod -R u+w ${jobDir}/store; rm -rf ${jobDir}/store`);
    expect(await onOther()).toMatchObject({
      exitCode: 0,
      stdout: "1\n",
      stderr: expect.stringContaining("from the store of other"),
    });
  });

  test("is each client's own when eight submit the same and different code at once, and lies there then", async () => {
    const { m } = await machineWithCluster();
    await using _machine = m;
    const contents = ["one", "two", "one", "three", "one", "two", "one", "four"];
    const repos = await Promise.all(
      contents.map(async (content, index) => {
        const files = { "who.txt": `${content}\n`, "common.txt": "x".repeat(10_000) };
        return (await gitRepository(path.join(m.folder, `repo-${index}`), { files })).path;
      }),
    );
    const command = ["cat", "who.txt"];
    const clients = repos.map((repo, index) =>
      m.start(repo, "run", "--cluster", "testbed", "--name", `client-${index}`, "--wait", "--json", "--", ...command),
    );
    const results = await Promise.all(clients.map(finished));
    const runs = results.map(({ stdout, stderr, exitCode }): Run => {
      expect({ exitCode, said: exitCode === 0 ? "" : stdout + stderr }).toEqual({ exitCode: 0, said: "" });
      return JSON.parse(stdout);
    });
    const outputs: string[] = [];
    for (const [index, { experiment }] of runs.entries())
      outputs.push((await m.slipway(repos[index] ?? "", "logs", experiment)).stdout.trim());
    expect(outputs).toEqual(contents);
    const digests = new Map(runs.map(({ digest }, index) => [contents[index], digest]));
    expect(runs.map(({ digest }) => digest)).toEqual(contents.map((content) => digests.get(content)));
    expect(new Set(digests.values()).size).toBe(4);

    // Whoever comes later finds all of it there.
    for (const content of new Set(contents)) {
      const index = contents.indexOf(content);
      const run = await m.json<Run>(repos[index] ?? "", "run", "--cluster", "testbed", "--", "true");
      expect(run).toMatchObject({ digest: runs[index]?.digest, uploadedBytes: 0 });
    }
  }, 400_000);
});
