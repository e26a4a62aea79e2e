import { expect, test } from "vitest";

import { defineExecutor, definitionProblem, executorProblem } from "../src/index.ts";

const options = { "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) } } as const;
const definition = defineExecutor({
  name: "pbs",
  options,
  create: () => {
    throw new Error("not opened here");
  },
});

test("what defineExecutor makes can be used", () => {
  expect(definitionProblem(definition)).toBeUndefined();
});

test.each([
  ["nothing", undefined, "its default export is not made by defineExecutor"],
  ["another object", { name: "pbs" }, "its default export is not made by defineExecutor"],
  [
    "another version",
    { ...definition, apiVersion: 2 },
    "it is written for version 2 of the contract; this slipway knows version 1",
  ],
  ["no name", { ...definition, name: "" }, "it has no name"],
  ["no create", { ...definition, create: undefined }, "create is not a function"],
  [
    "options that are a plain map",
    { ...definition, options: {} },
    "its options are not a Standard Schema of version 1",
  ],
])("a definition is refused, with the reason: %s", (_, value, problem) => {
  expect(definitionProblem(value)).toBe(problem);
});

test("a schema may be a function with properties", () => {
  expect(definitionProblem({ ...definition, options: Object.assign(() => {}, options) })).toBeUndefined();
});

const call = () => {};
const executor = {
  apiVersion: 1,
  name: "pbs",
  stage: call,
  plan: call,
  submit: call,
  poll: call,
  cancel: call,
  logs: call,
  [Symbol.asyncDispose]: call,
};

test("what has the shape of an executor can be used, whatever made it", () => {
  expect(executorProblem(executor)).toBeUndefined();
});

test.each([
  ["nothing", null, "it is not an object"],
  ["another version", { ...executor, apiVersion: undefined }, "its apiVersion is undefined, not 1"],
  ["no name", { ...executor, name: undefined }, "it has no name"],
  ["no dispose", { ...executor, [Symbol.asyncDispose]: undefined }, "it has no [Symbol.asyncDispose]"],
  ["functions missing", { ...executor, poll: undefined, logs: 1 }, "it lacks poll, logs"],
])("an executor is refused, with the reason: %s", (_, value, problem) => {
  expect(executorProblem(value)).toBe(problem);
});
