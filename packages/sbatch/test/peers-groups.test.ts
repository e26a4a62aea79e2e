import type { GroupMember } from "@slipway/core";
import { describe, expect, test } from "vitest";

import { argv, asks, defaults, directives, own, script } from "./peers-script.ts";

// Groups and heterogeneous jobs as people know them from other tools, without the defects of those.

function member(name: string, changes: Partial<GroupMember> = {}): GroupMember {
  return { name, command: argv(name), resources: {}, env: {}, ...changes };
}

/** The members' commands, by name. */
const commands = (text: string) =>
  Array.from(text.matchAll(/^ {2}(\S+)\) slipway_run (.*?) ;;$/gms), ([, name = "", words = ""]) => [
    name,
    words.replaceAll(/ \\\n */g, " "),
  ]);

describe("a group", () => {
  const step = "srun --overlap --nodes=1 --ntasks-per-node=8 --export=ALL --kill-on-bad-exit=1";

  test("of one size is one request; its members begin at once, side by side", () => {
    const text = script({
      settings: { account: "acc", partition: "gpu" },
      job: {
        resources: { nodes: 1, tasksPerNode: 8, gpusPerNode: 8, timeLimitSeconds: 1800 },
        group: [member("a"), member("b")],
      },
    });
    expect(directives(text)).toEqual([
      '#SBATCH --job-name="exp.job"',
      '#SBATCH --account="acc"',
      '#SBATCH --partition="gpu"',
      '#SBATCH --nodes="1"',
      '#SBATCH --ntasks-per-node="8"',
      '#SBATCH --gpus-per-node="8"',
      '#SBATCH --time="0-00:30:00"',
      ...defaults,
    ]);
    expect(commands(text)).toEqual([
      ["a", `${step} a`],
      ["b", `${step} b`],
    ]);
    expect(own(text)).not.toMatch(/sleep|hostname|kill -9|hetjob/);
  });

  test("has for each member its image, its mounts and its variables; flags of srun are for all", () => {
    const text = script({
      srunFlags: ["--mpi=pmix"],
      containers: { runtime: "pyxis" },
      job: {
        env: { COMMON: "1" },
        container: "image-1",
        mounts: ["/a:/a"],
        group: [
          member("a", { env: { CUSTOM_ENV_1: "1" } }),
          member("b", { container: "image-2", mounts: ["/b:/b"], env: { CUSTOM_ENV_2: "2" } }),
        ],
      },
    });
    const flags = (words = "") => ({
      mpi: words.includes("--mpi=pmix"),
      image: /--container-image=(\S+)/.exec(words)?.[1],
      mounts: /:\/slipway\/run(\S*)/.exec(words)?.[1],
      variables: /SLIPWAY_MEMBER\S*/.exec(words)?.[0],
    });
    expect(commands(text).map(([, words]) => flags(words))).toEqual([
      { mpi: true, image: "image-1", mounts: ",/a:/a", variables: "SLIPWAY_MEMBER,COMMON,CUSTOM_ENV_1" },
      { mpi: true, image: "image-2", mounts: ",/a:/a,/b:/b", variables: "SLIPWAY_MEMBER,COMMON,CUSTOM_ENV_2" },
    ]);
  });

  test.each([
    ["two of one size", [8, 8], [undefined, undefined], 0],
    ["three of two sizes", [8, 8, 0], [0, 0, 1], 1],
    ["three of three sizes", [8, 4, 0], [0, 1, 2], 2],
    ["three of two sizes, in turns", [8, 0, 8], [0, 1, 0], 1],
  ])("asks once for each size: %s", (_, gpus, components, separators) => {
    const group = gpus.map((gpusPerNode, index) => member(`m${index}`, { resources: { gpusPerNode } }));
    const text = script({ job: { group } });
    const places = commands(text).map(([, words = ""]) => /--het-group=(\d)/.exec(words)?.[1]);
    expect(places).toEqual(components.map((each) => each?.toString()));
    expect(directives(text).filter((line) => line === "#SBATCH hetjob")).toHaveLength(separators);
    expect(directives(text).filter((line) => line.includes("--job-name"))).toHaveLength(1);
  });

  test.each(["account", "qos", "partition"])("asks twice where members differ in %s alone", (key) => {
    const group = ["one", "two"].map((value) => member(value, { resources: { [key]: value } }));
    const lines = asks({ group }).filter((line) => line.includes(key) || line === "#SBATCH hetjob");
    expect(lines).toEqual([`#SBATCH --${key}="one"`, "#SBATCH hetjob", `#SBATCH --${key}="two"`]);
  });

  test("has for each size all that it asks for itself, and no GPU where none is asked for", () => {
    const server = { gpusPerNode: 8, partition: "gpu", qos: "high", memoryMiB: 64_000, account: "acc" };
    const client = { gpusPerNode: 0, partition: "cpu", qos: "low", memoryMiB: 1000, account: "other", cpusPerTask: 2 };
    const job = {
      resources: { timeLimitSeconds: 60 },
      group: [member("client", { resources: client }), member("server", { resources: server })],
    };
    expect(asks(job)).toEqual([
      '#SBATCH --job-name="exp.job"',
      '#SBATCH --account="other"',
      '#SBATCH --partition="cpu"',
      '#SBATCH --qos="low"',
      '#SBATCH --cpus-per-task="2"',
      '#SBATCH --mem="1000M"',
      '#SBATCH --time="0-00:01:00"',
      ...defaults,
      "#SBATCH hetjob",
      '#SBATCH --account="acc"',
      '#SBATCH --partition="gpu"',
      '#SBATCH --qos="high"',
      '#SBATCH --gpus-per-node="8"',
      '#SBATCH --mem="64000M"',
      '#SBATCH --time="0-00:01:00"',
    ]);
  });
});
