import { expect, test } from "vitest";

import { findExperiment } from "../src/index.ts";
import { record, recordedJob } from "./fakes.ts";

const records = [
  record("sweep-x7k2m9", { jobs: [recordedJob("sweep-x7k2m9", "train"), recordedJob("sweep-x7k2m9", "train-big")] }),
  record("sweep-x7zzzz"),
  record("demo-aaaaaa"),
];

const found = (target: string) => {
  const {
    record: { id },
    jobs,
  } = findExperiment(target, records);
  return `${id}: ${jobs.map(({ name }) => name).join(" ")}`;
};

test("an experiment is found by its id, the beginning of its id, or its name", () => {
  expect(found("sweep-x7k2m9")).toBe("sweep-x7k2m9: train train-big");
  expect(found("sweep-x7k")).toBe("sweep-x7k2m9: train train-big");
  expect(found("demo")).toBe("demo-aaaaaa: train");
});

test("EXP/JOB names one job, exactly or by a beginning that only it has", () => {
  expect(found("sweep-x7k/train")).toBe("sweep-x7k2m9: train");
  expect(found("sweep-x7k/train-")).toBe("sweep-x7k2m9: train-big");
});

test("what may be several is refused and lists them", () => {
  expect(() => found("sweep")).toThrow(
    expect.objectContaining({
      code: "EXPERIMENT_AMBIGUOUS",
      details: { candidates: ["sweep-x7k2m9", "sweep-x7zzzz"] },
    }),
  );
  expect(() => found("sweep-x7k/t")).toThrow(expect.objectContaining({ code: "EXPERIMENT_AMBIGUOUS" }));
});

test("what there is not is refused with the nearest", () => {
  expect(() => found("dmeo")).toThrow(
    expect.objectContaining({ code: "EXPERIMENT_NOT_FOUND", hint: "Did you mean demo? See them all: slipway list" }),
  );
  expect(() => found("")).toThrow(expect.objectContaining({ code: "EXPERIMENT_NOT_FOUND" }));
  expect(() => found("demo/trian")).toThrow(
    expect.objectContaining({ code: "EXPERIMENT_JOB_NOT_FOUND", hint: "Did you mean demo-aaaaaa/train?" }),
  );
});
