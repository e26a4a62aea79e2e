import { expect, test } from "vitest";

import { escapeForShells, renderCommandLine } from "../src/command-line.ts";
import { createFrameReader } from "../src/frame.ts";

test("a command line holds nothing that a login shell reads otherwise inside single quotes", () => {
  const all = Array.from({ length: 0x17f }, (_, code) => String.fromCodePoint(code + 1)).join("");
  expect(escapeForShells(all)).toMatch(/^(?:[ "-&(-[\]-~]|\\0[0-7]{1,3})*$/);
});

test("an escape is as short as printf %b can tell it from what follows", () => {
  expect([escapeForShells("'a"), escapeForShells("'1"), escapeForShells("\n8"), escapeForShells("\n7")]).toEqual([
    "\\047a",
    "\\00471",
    "\\0128",
    "\\00127",
  ]);
});

test("arguments beyond what the far side can start are an error before anything is sent", () => {
  const render = (argument: string) => renderCommandLine(["true", argument], { nonce: "n", endsInFrame: false });
  expect(render("x".repeat(130_000)).length).toBeLessThan(131_072);
  expect(() => render("x".repeat(131_000))).toThrow(expect.objectContaining({ code: "SSH_COMMAND_TOO_LONG" }) as Error);
});

const framed = "noise <start 42\n\u0000binary\n<en<end 7\nlate noise";

test.each([1, 2, 3, 7, 100])("output is the same however it is cut: pieces of %i bytes", (size) => {
  const reader = createFrameReader("<start", "<end");
  let output = "";
  for (let at = 0; at < framed.length; at += size) {
    output += reader.read(Buffer.from(framed.slice(at, at + size)))?.toString() ?? "";
  }
  expect([output, reader.start, reader.end, reader.noise.toString()]).toEqual([
    "\u0000binary\n<en",
    "42",
    "7",
    "noise ",
  ]);
});

test("output that cannot be the end marker is passed on at once", () => {
  const reader = createFrameReader("<start", "<end");
  expect(reader.read(Buffer.from("<start\nfirst\n"))?.toString()).toBe("first\n");
  expect(reader.read(Buffer.from("a<e"))?.toString()).toBe("a");
  expect(reader.read(Buffer.from("x"))?.toString()).toBe("<ex");
});

test("without an end marker output goes on to the end of the stream", () => {
  const reader = createFrameReader("<start", undefined);
  expect(reader.read(Buffer.from("<start\n<end 1\n"))?.toString()).toBe("<end 1\n");
  expect([reader.end, reader.finish()]).toEqual([undefined, undefined]);
});

test("noise without end is not kept", () => {
  const reader = createFrameReader("<start", undefined);
  for (let count = 0; count < 100; count++) reader.read(Buffer.alloc(10_000, "n"));
  expect(reader.noise.length).toBeLessThanOrEqual(74_000);
  expect(reader.read(Buffer.from("<start 1\nx"))?.toString()).toBe("x");
});
