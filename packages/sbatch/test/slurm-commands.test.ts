import {
  sacctByNameCommand,
  sacctCommand,
  sbatchCommand,
  scancelCommand,
  scontrolCommands,
  sinfoCommand,
  squeueByNameCommand,
  squeueCommand,
} from "@slipway/sbatch";
import { describe, expect, test } from "vitest";

/** Without the `env -u NAME… NAME=VALUE…` before it. */
function tool(argv: readonly string[]): readonly string[] {
  return argv.slice(argv.findIndex((word, index) => index > 0 && argv[index - 1] !== "-u" && !/^-u$|=/.test(word)));
}

const refused = expect.objectContaining({ code: "SBATCH_INVALID_VALUE" });

test("a submission is held, carries the token twice, and is alone in deciding what it asks for", () => {
  const argv = sbatchCommand({
    token: "lr-1.train.1",
    settings: { jobNamePrefix: "me:" },
    dependencies: [
      { type: "afterok", id: "12" },
      { type: "afterany", id: "13_4" },
    ],
  });
  expect(tool(argv)).toEqual([
    "sbatch",
    "--parsable",
    "--hold",
    "--comment=lr-1.train.1",
    "--job-name=me:lr-1.train.1",
    "--dependency=afterok:12,afterany:13_4",
    "--kill-on-invalid-dep=yes",
    "job.sbatch",
  ]);
  expect(argv.slice(0, argv.indexOf("sbatch"))).toEqual(
    expect.arrayContaining(["SBATCH_PARTITION", "SBATCH_TIMELIMIT", "SLURM_CLUSTERS"]),
  );
  expect(argv).not.toContain("SLURM_CONF");
});

test("questions ask for the columns that the parsers read", () => {
  expect(
    [
      squeueCommand(),
      squeueByNameCommand("me:e.j.1"),
      sacctCommand(["1", "2"]),
      sacctByNameCommand("e.j.1", { days: 2 }),
      sinfoCommand(),
    ].map(tool),
  ).toEqual([
    ["squeue", "--all", "--me", "--noheader", "--states=all", "--format=%A|%i|%T|%V|%S|%e|%B|%r|%j|%k"],
    [
      "squeue",
      "--all",
      "--me",
      "--noheader",
      "--states=all",
      "--format=%A|%i|%T|%V|%S|%e|%B|%r|%j|%k",
      "--name=me:e.j.1",
    ],
    [
      "sacct",
      "--allocations",
      "--parsable2",
      "--noheader",
      "--duplicates",
      "--format=JobIDRaw,JobID,State,ExitCode,DerivedExitCode,Submit,Start,End,NodeList,JobName",
      "--jobs=1,2",
    ],
    [
      "sacct",
      "--allocations",
      "--parsable2",
      "--noheader",
      "--duplicates",
      "--format=JobIDRaw,JobID,State,ExitCode,DerivedExitCode,Submit,Start,End,NodeList,JobName",
      "--name=e.j.1",
      "--starttime=now-2days",
    ],
    ["sinfo", "--noheader", "--format=%P|%a|%l|%D|%T|%C|%m|%G"],
  ]);
  expect(squeueCommand()).toEqual(
    expect.arrayContaining(["SQUEUE_FORMAT", "TZ=UTC0", "SLURM_TIME_FORMAT=%s", "SLURM_BITSTR_LEN=0"]),
  );
});

test("scontrol and scancel", () => {
  expect([
    tool(scontrolCommands.showJob("12")),
    tool(scontrolCommands.ping()),
    tool(scontrolCommands.showConfig()),
    scontrolCommands.release(["12", "13"]),
    scontrolCommands.requeue("12_3"),
    scancelCommand(["12", "13_4", "14+1"]),
    scancelCommand(["12"], { signalName: "USR1" }),
  ]).toEqual([
    ["scontrol", "--oneliner", "show", "job", "12"],
    ["scontrol", "ping"],
    ["scontrol", "show", "config"],
    ["scontrol", "release", "12,13"],
    ["scontrol", "requeue", "12_3"],
    ["scancel", "12", "13_4", "14+1"],
    ["scancel", "--batch", "--signal=USR1", "12"],
  ]);
});

describe("are never made of", () => {
  test.each(["", "--me", "1 2", "0", "1;rm", "all", "1_[1-2]", "12345678901"])("%j as an id", (id) => {
    expect(() => scancelCommand([id])).toThrow(refused);
    expect(() => sacctCommand(["1", id])).toThrow(refused);
    expect(() => scontrolCommands.requeue(id)).toThrow(refused);
  });

  test("no job at all, which for scancel could be every job", () => {
    expect(() => scancelCommand([])).toThrow(refused);
  });

  test("what is no token, signal or name", () => {
    for (const token of ["", "a b", "-x", "a,b", "a".repeat(192)])
      expect(() => sbatchCommand({ token })).toThrow(refused);
    for (const signalName of ["", "usr1", "KILL 1"])
      expect(() => scancelCommand(["1"], { signalName })).toThrow(refused);
    for (const name of ["", "a,b", "a\nb", "a\0"]) expect(() => squeueByNameCommand(name)).toThrow(refused);
  });
});
