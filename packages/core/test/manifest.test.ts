import { createHash } from "node:crypto";

import fc from "fast-check";
import { expect, test } from "vitest";

import {
  createManifest,
  isDigest,
  manifestDigest,
  ManifestSyntaxError,
  parseManifest,
  renderManifest,
} from "../src/index.ts";
import type { ManifestEntry } from "../src/index.ts";

const sha256 = createHash("sha256").update("hello\n").digest("hex");

function file(path: string | Uint8Array, mode: 0o644 | 0o755 = 0o644): ManifestEntry {
  return { kind: "file", path: Buffer.from(path), mode, size: 6, sha256 };
}

function symlink(path: string, target: string): ManifestEntry {
  return { kind: "symlink", path: Buffer.from(path), target: Buffer.from(target) };
}

function rendered(...entries: readonly ManifestEntry[]): string {
  return Buffer.from(renderManifest(createManifest(entries))).toString("latin1");
}

test("a manifest counts files, links, bytes and the directories that the paths imply", () => {
  const manifest = createManifest([
    file("a/b/c"),
    file("a/b.txt"),
    file("a-x"),
    symlink("d/l", "../a"),
    file("e/f/g/h"),
  ]);
  expect(manifest).toMatchObject({ files: 4, symlinks: 1, directories: 6, bytes: 24 });
});

test("the canonical text is one header and one line an entry, sorted by the paths' bytes", () => {
  expect(rendered(file("b", 0o755), symlink("a/l", "../b"), file("Z"), file("a.b"))).toBe(
    [
      "slipway-manifest 1 files=3 symlinks=1 directories=1 bytes=18",
      `file 644 6 ${sha256} Z`,
      `file 644 6 ${sha256} a.b`,
      "symlink - - - a/l",
      "target ../b",
      `file 755 6 ${sha256} b`,
      "",
    ].join("\n"),
  );
});

test("control characters, backslashes and names that are not UTF-8 are written as printf %b reads them", () => {
  expect(rendered(file("a\nb"))).toContain(" a\\0012b\n");
  expect(rendered(file("a\\b"))).toContain(" a\\0134b\n");
  expect(rendered(file("é"))).toContain(` ${Buffer.from("é").toString("latin1")}\n`);
  expect(rendered(file(Buffer.from([0x61, 0xff, 0xc3])))).toContain(" a\\0377\\0303\n");
});

const component = fc
  .uint8Array({ minLength: 1, maxLength: 6 })
  .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x5c : byte))));
const anyPath = fc
  .array(component, { minLength: 1, maxLength: 3 })
  .map((parts) => Buffer.from(parts.map((part) => part.toString("latin1")).join("/"), "latin1"));

test("what was rendered parses back to the same entries, whatever bytes the names have", () => {
  fc.assert(
    fc.property(fc.uniqueArray(anyPath, { selector: (path) => path.toString("latin1") }), anyPath, (paths, target) => {
      const entries = paths.map((path, index): ManifestEntry =>
        index % 3 === 0 ? { kind: "symlink", path, target } : file(path),
      );
      const manifest = createManifest(entries);
      expect(parseManifest(renderManifest(manifest))).toEqual(manifest);
    }),
  );
});

test("the digest depends on paths, modes, contents and targets, and not on the order of the entries", () => {
  const digest = (...entries: readonly ManifestEntry[]) => manifestDigest(createManifest(entries));
  const base = digest(file("a"), symlink("b", "c"));
  expect(isDigest(base)).toBe(true);
  expect(digest(symlink("b", "c"), file("a"))).toBe(base);
  expect(digest(file("a", 0o755), symlink("b", "c"))).not.toBe(base);
  expect(digest(file("a"), symlink("b", "d"))).not.toBe(base);
  expect(digest(file("A"), symlink("b", "c"))).not.toBe(base);
});

test("text that is not a canonical manifest is refused with the line", () => {
  const parse = (text: string) => () => parseManifest(Buffer.from(text, "latin1"));
  const header = "slipway-manifest 1 files=1 symlinks=0 directories=0 bytes=6";
  expect(parse("")).toThrow(ManifestSyntaxError);
  expect(parse("slipway-manifest 2 files=0 symlinks=0 directories=0 bytes=0\n")).toThrow("version 1");
  expect(parse(`${header}\nfile 600 6 ${sha256} a\n`)).toThrow("Line 2");
  expect(parse(`${header}\nfile 644 6 ${sha256} a`)).toThrow("version 1");
  expect(parse(`${header}\nsymlink - - - a\n`)).toThrow("expected a target");
  expect(parse(`${header}\nfile 644 6 ${sha256} b\nfile 644 6 ${sha256} a\n`)).toThrow("canonical");
});
