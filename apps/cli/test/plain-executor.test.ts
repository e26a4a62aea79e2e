import type { Executor } from "@slipway/core";
import { expect, test } from "vitest";

import { plainExecutor } from "../src/cluster/plain-executor.ts";

const functions = ["stage", "plan", "submit", "takeBack", "poll", "cancel", "findExperiments", "logs"] as const;

/** Each function tells its name and its first parameter, which it can only as a part of its object. */
class Told {
  readonly apiVersion = 1;
  readonly name = "told";
  readonly #calls: unknown[] = [];

  constructor() {
    for (const name of functions) Object.defineProperty(Object.getPrototypeOf(this), name, told(name));
  }

  tell(name: string, parameter: unknown) {
    this.#calls.push([name, parameter]);
    return this.#calls.length;
  }

  async [Symbol.asyncDispose]() {
    this.tell("dispose", undefined);
  }
}

function told(name: string): PropertyDescriptor {
  return {
    configurable: true,
    value(this: Told, parameter: unknown) {
      return this.tell(name, parameter);
    },
  };
}

test("an executor that is an instance of a class keeps all its functions when it is spread", async () => {
  // What a plugin gives is of this shape, and never of this type.
  const spread = { ...plainExecutor(new Told() as unknown as Executor) };
  expect(functions.map((name) => Reflect.apply(spread[name] ?? (() => 0), undefined, ["x"]))).toEqual(
    functions.map((_, index) => index + 1),
  );
  await spread[Symbol.asyncDispose]();
  expect({ apiVersion: spread.apiVersion, name: spread.name }).toEqual({ apiVersion: 1, name: "told" });
});

test("what an executor cannot do stays absent", () => {
  const plain = plainExecutor(new Told() as unknown as Executor);
  Reflect.deleteProperty(plain, "takeBack");
  Reflect.deleteProperty(plain, "findExperiments");
  expect(Object.keys(plainExecutor(plain)).toSorted()).toEqual(Object.keys(plain).toSorted());
});
