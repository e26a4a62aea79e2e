import { expect, test } from "vitest";

import { orderJobs } from "../src/index.ts";
import { job } from "./fakes.ts";

const order = (...jobs: readonly ReturnType<typeof job>[]) => orderJobs({ name: "x", jobs }).map(({ name }) => name);

test("a job comes after all that it needs, the rest stays as it was given", () => {
  expect(
    order(job("report", "left", "right"), job("left", "start"), job("right", "start"), job("start"), job("alone")),
  ).toEqual(["start", "left", "right", "report", "alone"]);
});

test("jobs that wait for each other are named in their circle", () => {
  expect(() => order(job("z", "a"), job("a", "b"), job("b", "c"), job("c", "a"))).toThrow(
    expect.objectContaining({ code: "EXPERIMENT_CYCLE", message: "These jobs wait for each other: a → b → c → a" }),
  );
});

test("a job that needs itself is a circle", () => {
  expect(() => order(job("a", "a"))).toThrow("a → a");
});

test("a needed job that there is not is named, with the nearest one", () => {
  expect(() => order(job("train"), job("eval", "trian"))).toThrow(
    expect.objectContaining({ code: "EXPERIMENT_INVALID", hint: "Did you mean train?" }),
  );
});

test("no jobs, names that are no file names and names that differ only in case are refused", () => {
  expect(() => order()).toThrow("has no jobs");
  expect(() => order(job("a/b"))).toThrow('"a/b" cannot be a job\'s name');
  expect(() => order(job("Train"), job("train"))).toThrow("share one directory: Train and train");
});
