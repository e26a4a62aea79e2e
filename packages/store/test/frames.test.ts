import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { promisify } from "node:util";

import type { TarOptions } from "@slipway/core";
import { temporaryDirectory } from "@slipway/testing";
import { expect, test } from "vitest";

import { receiving, unpacking } from "../src/delta/part.ts";
import { frameStream } from "../src/frames.ts";
import { createCodeStore } from "../src/index.ts";
import { createPace } from "../src/pace.ts";
import type { SentFrame } from "../src/pace.ts";
import { choosePacking } from "../src/packing.ts";
import type { Packing } from "../src/packing.ts";
import { bundleOf } from "./bundle.ts";
import { folderOfCommands, localTransport, searchPath } from "./transports.ts";

const gzip = choosePacking("far", ["gzip"]);
const mebibyte = 1 << 20;

async function* piecesOf(...pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

/** A clock on which packing a frame, and sending a mebibyte, take so long. */
function slowLink({ packMs, sendMs }: { readonly packMs: number; readonly sendMs: number }) {
  let now = 0;
  const packing: Packing = {
    ...gzip,
    async pack(bytes) {
      await setImmediate(); // A link without delay waits for it.
      now += packMs / 4;
      return gzip.pack(bytes);
    },
  };
  async function collect(source: AsyncIterable<Uint8Array>) {
    const frames: string[] = [];
    const parts: Uint8Array[] = [];
    for await (const part of frameStream(source, { packing, nowMs: () => now })) {
      const [, name] = /^(none|gzip|end)(?: \d+)?\n$/.exec(Buffer.from(part).toString("latin1")) ?? [];
      if (name !== undefined) frames.push(name);
      parts.push(part);
      now += (sendMs * part.length) / mebibyte;
    }
    return { frames, bytes: Buffer.concat(parts) };
  }
  return collect;
}

test.each([["dash"], ["bash"], ["busybox", "sh"]])(
  "frames, packed or as they are, are the stream that was sent: %s",
  async (shell, ...words) => {
    const pieces = Array.from({ length: 61 }, () => randomBytes(mebibyte / 2 - 7));
    const { frames, bytes } = await slowLink({ packMs: 40, sendMs: 1 })(piecesOf(...pieces));
    expect(new Set(frames)).toEqual(new Set(["gzip", "none", "end"]));
    const script = `${unpacking}${receiving}\nunframe | cat`;
    const child = promisify(execFile)(shell, [...words, "-c", script], { encoding: "buffer", maxBuffer: 1 << 28 });
    child.child.stdin?.end(bytes);
    expect((await child).stdout.equals(Buffer.concat(pieces))).toBe(true);
  },
);

const twentyFrames = Array.from({ length: 80 }, () => randomBytes(mebibyte / 2));

test("a link that takes more than can be packed gets all as it is from then on", async () => {
  const { frames } = await slowLink({ packMs: 40, sendMs: 1 })(piecesOf(...twentyFrames));
  expect(frames.slice(0, 3)).toEqual(["gzip", "gzip", "gzip"]);
  expect(frames.slice(6)).toEqual([...Array.from({ length: 14 }, () => "none"), "end"]);
});

const sent = (isPacked: boolean, tookMs: number, isLate = true): SentFrame => ({
  isPacked,
  bytes: 2 * mebibyte,
  sentBytes: isPacked ? mebibyte : 2 * mebibyte,
  tookMs,
  isLate,
});

/** What it chooses after each of these frames: p for packing, - for none. */
function choices(...frames: readonly SentFrame[]): string {
  const pace = createPace();
  return frames
    .map((frame) => {
      pace.tell(frame);
      return pace.packs() ? "p" : "-";
    })
    .join("");
}

const frames = (count: number, frame: SentFrame) => Array.from({ length: count }, () => frame);

test("for a link that never waits, all is packed", () => {
  expect(choices(...frames(12, sent(true, 100, false)))).toBe("pppppppppppp");
});

test("what is as it is must arrive about as fast as what is packed, counted when buffers are full of it", () => {
  const packed = frames(5, sent(true, 30));
  expect(choices(...packed, ...frames(8, sent(false, 20)))).toBe("pppp---------");
  expect(choices(...packed, ...frames(3, sent(false, 200)), ...frames(5, sent(false, 20)))).toBe("pppp---------");
  expect(choices(...packed, ...frames(3, sent(false, 20)), ...frames(3, sent(false, 60)))).toBe("pppp------p");
});

test("a link that becomes slow gets all packed again, for good", () => {
  const fast = [...frames(5, sent(true, 30)), ...frames(7, sent(false, 20))];
  expect(choices(...fast, ...frames(4, sent(false, 90)), ...frames(4, sent(true, 30)))).toMatch(/^p{4}-{8}-*p{6}p*$/);
});

test("a piece that cannot be had ends the stream with its error, and without its end", async () => {
  const failure = new Error("a file changed");
  async function* failing() {
    yield Buffer.alloc(3 * mebibyte);
    throw failure;
  }
  const parts: string[] = [];
  const reading = (async () => {
    for await (const part of frameStream(failing(), { packing: gzip }))
      parts.push(Buffer.from(part).toString("latin1"));
  })();
  await expect(reading).rejects.toBe(failure);
  expect(parts).not.toContain("end\n");
});

test.each([
  { host: "takes as many bytes as it is told", refuses: "none=*", frames: 5 },
  { host: "does not know that", refuses: "iflag=*", frames: 0 },
])("a large bundle arrives on a host whose dd $host", async ({ refuses, frames: expected }) => {
  await using folder = await temporaryDirectory();
  const calls = `${folder.path}/calls`;
  const bin = await folderOfCommands(`${folder.path}/bin`, {});
  const dd = `for word; do case $word in ${refuses}) exit 1 ;; esac; done\nPATH='${searchPath}'\necho "$*" >>${calls}\nexec dd "$@"`;
  await writeFile(`${bin}/dd`, `#!/bin/sh\n${dd}\n`, { mode: 0o755 });
  await using local = localTransport({ PATH: `${bin}:${searchPath}` });
  const store = createCodeStore({
    transport: { ...local, host: "far" },
    root: `${folder.path}/root`,
    clusterName: "local",
  });
  const pieces = Array.from({ length: 9 }, (_, index) => ({ path: `${index}`, content: randomBytes(mebibyte) }));
  const bundle = await bundleOf(...pieces);
  async function* tar(options?: TarOptions) {
    for await (const bytes of bundle.tar(options)) {
      for (let start = 0; start < bytes.length; start += mebibyte) yield bytes.subarray(start, start + mebibyte);
    }
  }
  const { instance, uploadedBytes } = await store.stage({ ...bundle, tar });
  const large = (await readFile(calls, "utf8")).split("\n").filter((line) => /^bs=\d{6,} count=1 iflag/.test(line));
  expect(large).toHaveLength(expected);
  expect(uploadedBytes).toBeGreaterThan(9 * mebibyte);
  expect(await store.verify(instance)).toEqual([]);
});
