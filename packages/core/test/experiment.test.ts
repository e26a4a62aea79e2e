import { expect, test } from "vitest";

import { jobOf } from "../src/index.ts";
import type { Job, RecordedJob } from "../src/index.ts";

test("a recorded job is what was asked for, without what became of it", () => {
  const job: Job = {
    name: "train",
    command: { kind: "argv", argv: ["true"] },
    resources: { gpusPerNode: 8 },
    env: { A: "1" },
    needs: [{ job: "prepare", type: "ok" }],
    retries: { timeout: 3 },
  };
  const handle = { id: "hpc.7", experiment: "e-1", job: "train", runDir: "/runs/e-1/train" };
  const recorded: Required<Pick<RecordedJob, "handle" | "lastStatus" | "earlierTries">> & RecordedJob = {
    ...job,
    secrets: ["TOKEN"],
    token: "e-1.train.2",
    handle,
    lastStatus: { state: "failed", attempt: 1, evidence: [] },
    earlierTries: [{ token: "e-1.train.1" }],
  };
  expect(jobOf(recorded)).toEqual(job);
});
