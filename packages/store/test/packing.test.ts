import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";

import { expect, test } from "vitest";

import { choosePacking, packStream } from "../src/packing.ts";
import type { Packing } from "../src/packing.ts";

const gzip = choosePacking("far", ["gzip"]);

async function collect(stream: AsyncIterable<Uint8Array>, afterEach = async () => {}): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) {
    parts.push(part);
    await afterEach();
  }
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

test("pieces, packed or as they are, are one file to gzip, in their order", async () => {
  const pieces = Array.from({ length: 60 }, () => randomBytes(300_000));
  const child = promisify(execFile)("gzip", ["-dc"], { encoding: "buffer", maxBuffer: 1 << 28 });
  child.child.stdin?.end(await collect(packStream(piecesOf(...pieces), gzip)));
  expect((await child).stdout.equals(Buffer.concat(pieces))).toBe(true);
  const both = [await gzip.pack(Buffer.from("packed, ")), await gzip.wrap(Buffer.from("as it is"))];
  expect(gunzipSync(Buffer.concat(both)).toString()).toBe("packed, as it is");
});

/** Says of each piece what was done to it, and makes none of them smaller. */
function telling(done: string[], takes: () => Promise<unknown>): Packing {
  const act = (what: string) => async (bytes: Uint8Array) => {
    done.push(what);
    await takes();
    return bytes;
  };
  return { name: "gzip", pack: act("pack"), wrap: act("wrap") };
}

const mebibyte = Array.from({ length: 12 }, () => Buffer.alloc(1 << 20));

test("a link that waits for what is being packed gets the next pieces as they are, once it is full", async () => {
  const done: string[] = [];
  await collect(
    packStream(
      piecesOf(...mebibyte),
      telling(done, () => setImmediate()),
    ),
  );
  expect(done.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => "pack"));
  expect(done.slice(5)).toContain("wrap");
});

test("for a link that is slower than packing, all is packed", async () => {
  const done: string[] = [];
  const packing = telling(done, async () => {});
  await collect(packStream(piecesOf(...mebibyte), packing), async () => setImmediate());
  expect(done).toEqual(mebibyte.map(() => "pack"));
});

test("a piece that cannot be had ends the stream with its error", async () => {
  const failure = new Error("a file changed");
  async function* failing() {
    yield Buffer.from("x");
    throw failure;
  }
  await expect(collect(packStream(failing(), gzip))).rejects.toBe(failure);
});
