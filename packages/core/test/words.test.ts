import { expect, test } from "vitest";

import {
  isEnvironmentName,
  isFinalState,
  isJobName,
  isSlipwayError,
  jobStates,
  nearest,
  SlipwayError,
  stripControlCharacters,
  stripUrlCredentials,
  systemClock,
} from "../src/index.ts";

class ExampleError extends SlipwayError<"EXAMPLE_BROKEN"> {}

test("an error carries its code, hint, cause and details, and is named after its class", () => {
  const cause = new Error("disk");
  const error = new ExampleError("EXAMPLE_BROKEN", "It broke", { hint: "Mend it", cause, details: { at: 3 } });
  expect(error).toMatchObject({ name: "ExampleError", code: "EXAMPLE_BROKEN", message: "It broke", hint: "Mend it" });
  expect(error.cause).toBe(cause);
  expect(error.details).toEqual({ at: 3 });
});

test("an error of another copy of this package is recognised, a plain error is not", () => {
  class Foreign extends Error {}
  const foreign = new Foreign("x");
  Object.defineProperty(foreign, Symbol.for("@slipway/core.SlipwayError"), { value: true });
  expect(isSlipwayError(foreign)).toBe(true);
  expect(isSlipwayError(new ExampleError("EXAMPLE_BROKEN", "x"))).toBe(true);
  expect(isSlipwayError(new Error("x"))).toBe(false);
  expect(isSlipwayError("x")).toBe(false);
});

test("succeeded, failed, cancelled and timed_out are final; unknown never is", () => {
  expect(jobStates.filter(isFinalState)).toEqual(["succeeded", "failed", "cancelled", "timed_out"]);
});

test("job names are safe as file names and in a shell", () => {
  const good = ["train", "a", "lr_0.1-x", "9"];
  const bad = ["", ".", "..", "-x", "a/b", "a b", "a,b", "é", "a\n", "x".repeat(64)];
  expect(good.filter(isJobName)).toEqual(good);
  expect(bad.filter(isJobName)).toEqual([]);
});

test("environment names are POSIX names", () => {
  expect(["A", "_a1", "http_proxy"].every(isEnvironmentName)).toBe(true);
  expect(["", "1A", "A-B", "A=B", "A B"].some(isEnvironmentName)).toBe(false);
});

test("escape sequences and control characters go, newlines and tabs stay", () => {
  expect(stripControlCharacters("a\u001b[31mred\u001b[0m\u0007\tb\nc\r\u009b")).toBe("ared\tb\nc");
});

test("credentials in URLs go", () => {
  expect(stripUrlCredentials("fetch https://ada:s3cret@host/x.git and ssh://git@host/y")).toBe(
    "fetch https://host/x.git and ssh://host/y",
  );
});

test("the nearest word is found for a slip, and none is invented", () => {
  expect(nearest("jbos", ["jobs", "name"])).toBe("jobs");
  expect(nearest("inlcude", ["include", "exclude"])).toBe("include");
  expect(nearest("Run", ["run"])).toBe("run");
  expect(nearest("zebra", ["include", "exclude"])).toBeUndefined();
  expect(nearest("7", ["a", "b"])).toBeUndefined();
});

test("the system clock's sleep ends with the signal's reason", async () => {
  const reason = new Error("stop");
  await expect(systemClock.sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason);
  const controller = new AbortController();
  const sleeping = systemClock.sleep(60_000, controller.signal);
  controller.abort(reason);
  await expect(sleeping).rejects.toBe(reason);
  await systemClock.sleep(0);
});
