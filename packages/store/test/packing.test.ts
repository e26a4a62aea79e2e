import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";

import { expect, test } from "vitest";

import { choosePacking, packStream } from "../src/packing.ts";

const gzip = choosePacking("far", ["gzip"]);

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

async function* piecesOf(...pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

test("nothing is packed on the way to this machine, or where the host has no tool", () => {
  expect(choosePacking("local", ["gzip", "zstd"]).name).toBe("none");
  expect(choosePacking("far", []).name).toBe("none");
  expect(gzip.name).toBe("gzip");
});

test("packed pieces are one file to gzip, in their order", async () => {
  const pieces = Array.from({ length: 60 }, () => randomBytes(300_000));
  const child = promisify(execFile)("gzip", ["-dc"], { encoding: "buffer", maxBuffer: 1 << 28 });
  child.child.stdin?.end(await collect(packStream(piecesOf(...pieces), gzip)));
  expect((await child).stdout.equals(Buffer.concat(pieces))).toBe(true);
});

test("a piece that cannot be had ends the stream with its error", async () => {
  const failure = new Error("a file changed");
  async function* failing() {
    yield Buffer.from("x");
    throw failure;
  }
  await expect(collect(packStream(failing(), gzip))).rejects.toBe(failure);
});
