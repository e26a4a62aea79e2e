import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { createManifest, quoteShell, renderManifest } from "@slipway/core";
import type { Manifest, ManifestEntry } from "@slipway/core";
import { temporaryDirectory } from "@slipway/testing";
import fc from "fast-check";
import { expect, test } from "vitest";

import { renderManifestPatch } from "../src/delta/manifest-patch.ts";
import { escapeForPrintf } from "../src/delta/words.ts";
import { searchPath } from "./transports.ts";

const execFileAsync = promisify(execFile);

const path = fc
  .uint8Array({ min: 1, maxLength: 6, minLength: 1 })
  .filter((bytes) => !bytes.includes(0x2f) && Buffer.compare(bytes, Buffer.from("..")) !== 0 && bytes[0] !== 0x2e);
const entry: fc.Arbitrary<ManifestEntry> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("file" as const),
      path,
      mode: fc.constantFrom(0o644, 0o755),
      size: fc.nat(9),
      sha256: fc.constantFrom("a".repeat(64), "b".repeat(64)),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("symlink" as const),
      path,
      target: fc.constantFrom(Buffer.from("\\x\n"), Buffer.from("é")),
    }),
  },
);
const entries = fc.uniqueArray(entry, { selector: (one) => Buffer.from(one.path).toString("latin1"), maxLength: 12 });

test.each(["dash -c sed", "bash -c sed", "busybox sh -c busybox sed"])(
  "the changes of a manifest make one of the other, whatever the paths: %s",
  async (tools) => {
    const [shell = "", sed = ""] = tools.split(" -c ");
    await using folder = await temporaryDirectory();
    await fc.assert(
      fc.asyncProperty(entries, entries, entries, async (common, before, after) => {
        const [from, to] = [manifestOf(common, before), manifestOf(common, after)];
        const script = renderManifestPatch(from, to).map((line) => quoteShell(escapeForPrintf(line)));
        const text = `LC_ALL=C; export LC_ALL; printf "%b\\n" ${script.join(" ")} >patch; ${sed} -f patch`;
        const [file = "", ...args] = shell.split(" ");
        const child = execFileAsync(file, [...args, "-c", text], {
          cwd: folder.path,
          encoding: "buffer",
          env: { PATH: searchPath, HOME: "/nonexistent" },
        });
        child.child.stdin?.end(renderManifest(from));
        expect((await child).stdout.toString("latin1")).toBe(Buffer.from(renderManifest(to)).toString("latin1"));
      }),
      { numRuns: 60 },
    );
  },
  60_000,
);

function manifestOf(...lists: readonly (readonly ManifestEntry[])[]): Manifest {
  const byPath = new Map(lists.flat().map((one) => [Buffer.from(one.path).toString("latin1"), one]));
  return createManifest([...byPath.values()]);
}
