import { isSlipwayError } from "@slipway/core";
import {
  parseArraySpec,
  parseSacct,
  parseScontrolConfig,
  parseScontrolJobs,
  parseScontrolPing,
  parseSinfo,
  parseSlurmCommit,
  parseSlurmDuration,
  parseSlurmExitCode,
  parseSlurmJobId,
  parseSlurmState,
  parseSlurmVersion,
  parseSqueue,
  parseSubmittedJob,
  renderSlurmDuration,
  slurmStates,
} from "@slipway/sbatch";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { record } from "./slurm-rows.ts";

describe("states", () => {
  test("are read in their long and short form", () => {
    for (const [name, facts] of Object.entries(slurmStates)) {
      expect(parseSlurmState(name)).toEqual({ word: name, name });
      expect(parseSlurmState("compact" in facts ? facts.compact : name).name).toBe(name);
    }
    expect(Object.keys(slurmStates)).toHaveLength(26);
  });

  test.each([
    ["CANCELLED by 0", { word: "CANCELLED by 0", name: "CANCELLED", by: "0" }],
    ["CANCELLED+", { word: "CANCELLED+", name: "CANCELLED" }],
    ["OUT_OF_ME+", { word: "OUT_OF_ME+", name: "OUT_OF_MEMORY" }],
    ["REQUEUE+", { word: "REQUEUE+" }],
    ["completing", { word: "completing", name: "COMPLETING" }],
    ["LAUNCH_FAILED", { word: "LAUNCH_FAILED" }],
    ["?", { word: "?" }],
    ["toString", { word: "toString" }],
    ["\u001b[31mRUNNING\u0007", { word: "RUNNING", name: "RUNNING" }],
  ])("%j", (text, state) => {
    expect(parseSlurmState(text)).toEqual(state);
  });
});

test.each([
  ["123", { jobId: "123" }],
  ["332_2", { jobId: "332", arrayIndex: 2 }],
  ["341+1", { jobId: "341", hetComponent: 1 }],
  [
    "332_[0,3-9:3%2]",
    {
      jobId: "332",
      pendingIndices: {
        ranges: [
          { first: 0, last: 0, step: 1 },
          { first: 3, last: 9, step: 3 },
        ],
        isCut: false,
      },
    },
  ],
  [
    "332_[1,3,1...]",
    {
      jobId: "332",
      pendingIndices: {
        ranges: [
          { first: 1, last: 1, step: 1 },
          { first: 3, last: 3, step: 1 },
        ],
        isCut: true,
      },
    },
  ],
  ["123.batch", undefined],
  ["123_", undefined],
  ["123_[]", undefined],
  ["123_[3-1]", undefined],
  ["0", undefined],
  ["-1", undefined],
  ["all", undefined],
])("the id %j", (text, id) => {
  expect(parseSlurmJobId(text)).toEqual(id);
});

describe("array indices", () => {
  test("are listed once each, in order", () => {
    expect(parseArraySpec("7,0-2,1,4-8:2%3")).toEqual({ indices: [0, 1, 2, 4, 6, 7, 8], maxRunning: 3 });
  });

  test.each(["", "a", "1-", "3-1", "1-5:0", "1%0", "1%", "1,,2", "-1", "1".repeat(5000)])("%j are none", (spec) => {
    expect(() => parseArraySpec(spec)).toThrow(expect.objectContaining({ code: "SBATCH_INVALID_VALUE" }));
  });

  test("stay below the cluster's limit", () => {
    expect(() => parseArraySpec("0-1001")).toThrow("Array index 1001 is too big: the limit is 1000");
    expect(parseArraySpec("1001", { maxArraySize: 2000 }).indices).toEqual([1001]);
  });
});

test("exit codes", () => {
  expect(["3:0", "0:11", "0:125", "255:0"].map(parseSlurmExitCode)).toEqual([
    { code: 3, signal: 0 },
    { code: 0, signal: 11 },
    { code: 0, signal: 125 },
    { code: 255, signal: 0 },
  ]);
  expect(["", "3", ":", "256:0", "-1:0", "1:0:0"].map(parseSlurmExitCode)).toEqual(Array(6).fill(undefined));
});

test("durations are read as Slurm reads them, and written so that no release reads another", () => {
  const read = ["90", "60:30", "1:30:00", "1-0", "2-03:04", "2-03:04:05", "0:30"].map(parseSlurmDuration);
  expect(read).toEqual([5400, 3630, 5400, 86_400, 183_840, 183_845, 30]);
  expect(["", "infinite", "UNLIMITED", "1:2:3:4", "1h", "-1"].map(parseSlurmDuration)).toEqual(
    Array(6).fill(undefined),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10 ** 8 }), (seconds) => {
      expect(parseSlurmDuration(renderSlurmDuration(seconds))).toBe(seconds);
    }),
  );
});

describe("what sbatch tells", () => {
  test("is an id, with a cluster where one was asked for", () => {
    expect([parseSubmittedJob("295\n"), parseSubmittedJob("295;alpha\n")]).toEqual([
      { id: "295" },
      { id: "295", cluster: "alpha" },
    ]);
  });

  test.each(["", "Welcome!\n295\n", "295\nbye", "Submitted batch job 295", "0", "12a", "295;", "295;a b"])(
    "is not believed with anything beside it: %j",
    (text) => {
      expect(() => parseSubmittedJob(text)).toThrow(expect.objectContaining({ code: "SBATCH_UNREADABLE_OUTPUT" }));
    },
  );

  test("versions", () => {
    expect(["slurm 24.05.1", "slurm-wlm 22.05.8", "slurm 26.11.0-0rc1"].map(parseSlurmVersion)).toEqual([
      "24.05.1",
      "22.05.8",
      "26.11.0",
    ]);
    expect(() => parseSlurmVersion("sbatch: not found")).toThrow(
      expect.objectContaining({ code: "SBATCH_UNREADABLE_OUTPUT" }),
    );
  });
});

describe("squeue", () => {
  test("rows have their types; times are in UTC", () => {
    const text =
      "333|332_1|RUNNING|1795362208|1795362209|NONE|n1|None|me:e.j.1|e.j.1\n" +
      "332|332_[2-3%2]|PENDING|2026-11-22T15:47:36|N/A|N/A|n/a|JobArrayTaskLimit|e.j.1|(null)\n";
    expect(parseSqueue(text)).toEqual({
      rows: [
        {
          id: { jobId: "332", arrayIndex: 1 },
          rawId: "333",
          state: { word: "RUNNING", name: "RUNNING" },
          submittedAt: "2026-11-22T15:43:28.000Z",
          startedAt: "2026-11-22T15:43:29.000Z",
          node: "n1",
          names: "me:e.j.1|e.j.1",
        },
        {
          id: { jobId: "332", pendingIndices: { ranges: [{ first: 2, last: 3, step: 1 }], isCut: false } },
          rawId: "332",
          state: { word: "PENDING", name: "PENDING" },
          reason: "JobArrayTaskLimit",
          submittedAt: "2026-11-22T15:47:36.000Z",
          names: "e.j.1|(null)",
        },
      ],
      unreadable: [],
    });
  });

  test("keeps lines apart that are none, as names with line breaks leave them", () => {
    const { rows, unreadable } = parseSqueue(
      "7|7|RUNNING|N/A|N/A|N/A|n1|None|a\nb|x\n8|8|PENDING|N/A|N/A|N/A|n/a|Priority|y|z\n",
    );
    expect([rows.map(({ rawId }) => rawId), unreadable]).toEqual([["8"], ["7|7|RUNNING|N/A|N/A|N/A|n1|None|a", "b|x"]]);
  });

  test("no row at all is no answer, and no text is no job", () => {
    expect(parseSqueue("")).toEqual({ rows: [], unreadable: [] });
    expect(() => parseSqueue("Last login: yesterday\n")).toThrow(
      expect.objectContaining({
        code: "SBATCH_UNREADABLE_OUTPUT",
        message: 'The output of squeue cannot be read: "Last login: yesterday"',
      }),
    );
  });
});

test("sacct rows have their types", () => {
  const text =
    "335|332_2|FAILED|9:0|0:125|1795362208|1795362209|Unknown|n[1-2]|a|b\n341|341+0|CANCELLED by 1001|0:0||None|None|1795362209|None assigned|het\n";
  expect(parseSacct(text).rows).toEqual([
    {
      id: { jobId: "332", arrayIndex: 2 },
      rawId: "335",
      state: { word: "FAILED", name: "FAILED" },
      exit: { code: 9, signal: 0 },
      derivedExit: { code: 0, signal: 125 },
      submittedAt: "2026-11-22T15:43:28.000Z",
      startedAt: "2026-11-22T15:43:29.000Z",
      nodes: "n[1-2]",
      names: "a|b",
    },
    {
      id: { jobId: "341", hetComponent: 0 },
      rawId: "341",
      state: { word: "CANCELLED by 1001", name: "CANCELLED", by: "1001" },
      exit: { code: 0, signal: 0 },
      endedAt: "2026-11-22T15:43:29.000Z",
      names: "het",
    },
  ]);
});

describe("scontrol", () => {
  const rest =
    "UserId=researcher(1001) GroupId=researcher(1001) MCS_label=N/A Priority=0 Nice=0 Account=(null) QOS=normal JobState=PENDING Reason=job_requeued_in_held_state Dependency=(null) Requeue=1 Restarts=2 BatchFlag=1 Reboot=0 ExitCode=0:0 RunTime=00:00:00 TimeLimit=UNLIMITED TimeMin=N/A SubmitTime=2026-11-22T15:33:03 EligibleTime=Unknown AccrueTime=Unknown StartTime=Unknown EndTime=Unknown Deadline=N/A Command=p.sh";
  const job = {
    rawId: "293",
    state: { word: "PENDING", name: "PENDING" },
    reason: "job_requeued_in_held_state",
    requeue: true,
    restarts: 2,
    exit: { code: 0, signal: 0 },
    submittedAt: "2026-11-22T15:33:03.000Z",
  };

  test("tells a job, whatever its name and its comment say", () => {
    const text = `JobId=293 JobName=x|y z=1 JobState=COMPLETED ${rest} WorkDir=/w Comment=a JobState=FAILED`;
    const broken = `JobId=293 JobName=j1\nj2 ${rest} -J j1\nj2 p.sh WorkDir=~/w3 Comment=l1\nl2`;
    expect([parseScontrolJobs(text), parseScontrolJobs(broken)]).toEqual([[job], [job]]);
  });

  test("tells the members of an array", () => {
    const text = `JobId=332 ArrayJobId=332 ArrayTaskId=3 JobName=arr ${rest}\nJobId=335 ArrayJobId=332 ArrayTaskId=2 JobName=arr ${rest}\n`;
    expect(parseScontrolJobs(text).map(({ rawId, arrayJobId }) => [rawId, arrayJobId])).toEqual([
      ["332", "332"],
      ["335", "332"],
    ]);
  });

  test("tells whether controllers answer", () => {
    expect(parseScontrolPing("Slurmctld(primary) at vm is UP\nSlurmctld(backup) at vm2 is DOWN\n")).toEqual([
      { role: "primary", host: "vm", isUp: true },
      { role: "backup", host: "vm2", isUp: false },
    ]);
    expect(() => parseScontrolPing("")).toThrow(expect.objectContaining({ code: "SBATCH_UNREADABLE_OUTPUT" }));
  });

  test("tells the cluster's settings", () => {
    const text =
      "Configuration data as of 2026-11-22T15:24:31\nClusterName             = alpha\nMinJobAge               = 300 sec\nMaxArraySize            = 1001\nEpilog                  = (null)\n";
    expect([...parseScontrolConfig(text)]).toEqual([
      ["ClusterName", "alpha"],
      ["MinJobAge", "300 sec"],
      ["MaxArraySize", "1001"],
    ]);
  });
});

test("sinfo rows have their types", () => {
  const text =
    "debug*|up|infinite|2|idle|0/32/0/32|8000|(null)\ngpu|up|2-00:00:00|14|mixed-|100/12/0/112|515000+|gpu:a100:8(S:0-1),gpu:t4:1\n";
  expect(parseSinfo(text)).toEqual([
    {
      partition: "debug",
      isDefault: true,
      isUp: true,
      nodes: 2,
      nodeState: "idle",
      cpus: { allocated: 0, idle: 32, other: 0, total: 32 },
      gpusPerNode: 0,
      memoryMiB: 8000,
    },
    {
      partition: "gpu",
      isDefault: false,
      isUp: true,
      timeLimitSeconds: 172_800,
      nodes: 14,
      nodeState: "mixed",
      cpus: { allocated: 100, idle: 12, other: 0, total: 112 },
      gpusPerNode: 9,
      memoryMiB: 515_000,
    },
  ]);
});

test("the record of which job counts", () => {
  const [token, job] = ["token=e.j.1", "job=alpha.one.295"];
  expect(parseSlurmCommit(record(token, job))).toEqual({ token: "e.j.1", cluster: "alpha.one", job: "295" });
  const wrong = [record(token, job, "job=a.296"), `${token}\n${job}\n`, record(token, "job=295"), record(job)];
  expect(wrong.map(parseSlurmCommit)).toEqual(Array(4).fill(undefined));
});

test("no parser throws anything but its error, whatever the text", () => {
  const word = fc.oneof(
    fc.constantFrom(
      "1",
      "332_[0-3%2]",
      "341+0",
      "RUNNING",
      "N/A",
      "0:0",
      "JobId=1",
      "JobState=",
      "Reason=x",
      "|",
      "=",
      " ",
      "\n",
      "\0",
      "…",
      "4294967294",
    ),
    fc.string({ unit: "binary", maxLength: 12 }),
  );
  const text = fc.array(word, { maxLength: 40 }).map((words) => words.join(""));
  const table = fc
    .array(
      fc.array(word, { minLength: 8, maxLength: 11 }).map((cells) => cells.join("|")),
      { maxLength: 6 },
    )
    .map((lines) => lines.join("\n"));
  const parsers = [
    parseSqueue,
    parseSacct,
    parseSinfo,
    parseScontrolJobs,
    parseScontrolPing,
    parseScontrolConfig,
    parseSubmittedJob,
    parseSlurmVersion,
    parseSlurmState,
    parseSlurmJobId,
    parseSlurmExitCode,
    parseSlurmDuration,
    parseArraySpec,
    parseSlurmCommit,
  ];
  fc.assert(
    fc.property(fc.oneof(text, table), (input) => {
      for (const parse of parsers) expect(outcomeOf(() => parse(input))).toMatch(/^(?:read|SBATCH_[A-Z_]+)$/);
    }),
    { numRuns: 500 },
  );
});

function outcomeOf(parse: () => unknown): string {
  try {
    parse();
    return "read";
  } catch (error) {
    return isSlipwayError(error) ? error.code : String(error);
  }
}

test("long hostile text is read in a time that grows with its length alone", () => {
  const long = `${"JobState=A Reason= ".repeat(20_000)}\n${"x|".repeat(50_000)}\n123_[${"1-9:".repeat(10_000)}]`;
  for (const parse of [parseSqueue, parseSacct, parseSinfo, parseScontrolJobs]) {
    expect(outcomeOf(() => parse(long))).toBe("SBATCH_UNREADABLE_OUTPUT");
  }
});
