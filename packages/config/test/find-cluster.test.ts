import path from "node:path";

import { findCluster, listClusterNames } from "@slipway/config";
import { temporaryDirectory, writeFiles } from "@slipway/testing";
import type { TemporaryDirectory } from "@slipway/testing";
import { expect, test } from "vitest";

function placesIn(directory: TemporaryDirectory) {
  const at = (name: string) => path.join(directory.path, name);
  const env = { SLIPWAY_CONFIG_DIR: at("by-env"), NEMO_SKILLS_CONFIG_DIR: at("nemo"), TEAM: "nlp" };
  return { at, options: { cwd: at("repo/src"), root: at("repo"), home: at("home"), configDir: at("by-option"), env } };
}

const folders = ["by-option", "by-env", "repo/src/cluster_configs", "repo/cluster_configs", "home/clusters", "nemo"];

test("the first folder that has the cluster wins, and the others are told", async () => {
  await using directory = await temporaryDirectory();
  const { at, options } = placesIn(directory);
  const files: string[] = [];
  for (const folder of folders.toReversed()) {
    files.unshift(at(`${folder}/dgx.yaml`));
    await writeFiles(directory.path, { [`${folder}/dgx.yaml`]: `executor: local\naccount: ${folder}\n` });
    const { account, file, shadows, name } = await findCluster("dgx", options);
    expect({ account, file, shadows, name }).toEqual({
      account: folder,
      file: files[0],
      shadows: files.slice(1),
      name: "dgx",
    });
  }
});

test("a relative folder counts from the working directory; one folder is looked into once", async () => {
  await using directory = await temporaryDirectory();
  await writeFiles(directory.path, {
    "conf/dgx.yml": "executor: local\n",
    "cluster_configs/dgx.yaml": "executor: local\n",
  });
  const cwd = directory.path;
  const options = { cwd, root: cwd, home: path.join(cwd, "home"), configDir: "conf", env: { SLIPWAY_CONFIG_DIR: "" } };
  expect(await findCluster("dgx", options)).toMatchObject({
    file: path.join(cwd, "conf/dgx.yml"),
    shadows: [path.join(cwd, "cluster_configs/dgx.yaml")],
  });
});

test.each(["sub/my.cluster.yaml", "./sub/my.cluster.yaml"])("takes %s as a file's path", async (name) => {
  await using directory = await temporaryDirectory();
  const { at, options } = placesIn(directory);
  await writeFiles(at("repo/src"), { "sub/my.cluster.yaml": "executor: slurm\njob_dir: /x/$TEAM\n" });
  expect(await findCluster(name, options)).toMatchObject({
    name: "my.cluster",
    file: at("repo/src/sub/my.cluster.yaml"),
    jobDir: "/x/nlp",
  });
});

test("local exists without a file, and a file of that name says otherwise", async () => {
  await using directory = await temporaryDirectory();
  const { options } = placesIn(directory);
  expect(await findCluster("local", options)).toEqual({
    name: "local",
    shadows: [],
    executor: "local",
    executorOptions: {},
    jobNamePrefix: "",
    containers: {},
    mounts: [],
    env: [],
    secrets: [],
    timeLimitSecondsByPartition: {},
    dependencyType: "ok",
    omitGpusPerNode: false,
    skipsHfHomeCheck: false,
    sbatch: {},
    clean: {},
  });
  await writeFiles(directory.path, { "home/clusters/local.yaml": "executor: local\nenv_vars: [A=b]\n" });
  expect((await findCluster("local", options)).env).toEqual([{ name: "A", value: "b", isRequired: false }]);
});

test("says where it looked for a cluster, and which name is near", async () => {
  await using directory = await temporaryDirectory();
  const { at, options } = placesIn(directory);
  await writeFiles(directory.path, {
    "home/clusters/eos.yaml": "executor: local\n",
    "home/clusters/notes.txt": "",
    "repo/cluster_configs/dgx.yaml": "executor: local\n",
  });
  const looked = [
    "../../by-option",
    "../../by-env",
    "cluster_configs",
    "../cluster_configs",
    "../../home/clusters",
    "../../nemo",
  ];
  await expect(findCluster("dgxx", options)).rejects.toMatchObject({
    code: "CONFIG_CLUSTER_NOT_FOUND",
    message: `There is no cluster "dgxx"; looked for dgxx.yaml in ${looked.join(", ")}`,
    hint: "did you mean dgx?",
    details: { looked, known: ["dgx", "eos", "local"] },
  });
  await expect(findCluster("frontier", options)).rejects.toMatchObject({ hint: "Known clusters: dgx, eos, local" });
  await expect(findCluster("conf/x.yaml", options)).rejects.toMatchObject({
    code: "CONFIG_CLUSTER_NOT_FOUND",
    message: "There is no cluster file conf/x.yaml",
  });
  await writeFiles(at("by-env"), { "bad.yaml/x": "" });
  await expect(findCluster("bad", options)).rejects.toMatchObject({ code: "CONFIG_UNREADABLE" });
});

test("tells a file's mistakes by its name as seen from the working directory, and an unset variable at its place", async () => {
  await using directory = await temporaryDirectory();
  const { options } = placesIn(directory);
  await writeFiles(directory.path, {
    "repo/cluster_configs/dgx.yaml": "executor: slurm\njob_dir: /x/$NOBODY\nacount: a\n",
  });
  await expect(findCluster("dgx", options)).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message:
      "2 mistakes in ../cluster_configs/dgx.yaml:\n" +
      "../cluster_configs/dgx.yaml:2:10: job_dir: $NOBODY is not set; set it in your shell, or write its value here\n" +
      "../cluster_configs/dgx.yaml:3:1: acount: unknown key; did you mean account?",
  });
});

test("stops with the signal's reason", async () => {
  await using directory = await temporaryDirectory();
  const reason = new Error("enough");
  const { options } = placesIn(directory);
  await expect(findCluster("dgx", { ...options, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});

test("all clusters that can be found are listed by name, local without a file too", async () => {
  await using directory = await temporaryDirectory();
  const { options } = placesIn(directory);
  await writeFiles(directory.path, {
    "repo/cluster_configs/dgx.yaml": "executor: slurm\n",
    "home/clusters/dgx.yaml": "executor: slurm\n",
    "home/clusters/cpu.yml": "executor: slurm\n",
    "home/clusters/notes.txt": "",
  });
  expect(await listClusterNames(options)).toEqual(["cpu", "dgx", "local"]);
});
