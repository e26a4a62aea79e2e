import { isUtf8 } from "node:buffer";

import { stripControlCharacters } from "@slipway/core";
import type { ManifestEntry } from "@slipway/core";
import type { Listing, PackedBundle } from "@slipway/packager";

import { count, formatBytes, renderTable } from "./text.ts";

/** What `package --json` prints; its keys are API. */
export function packageDocument({ digest, manifest, listing }: PackedBundle): object {
  const { rule, root, source, untracked, warnings } = listing;
  const { commit, dirty } = source;
  const fromOf = new Map(listing.files.map((file) => [latin1(file.path), file.from]));
  return {
    digest,
    bytes: manifest.bytes,
    rule,
    root,
    commit,
    dirty,
    files: manifest.entries.map((entry) => fileDocument(entry, fromOf.get(latin1(entry.path)))),
    untracked: untracked.map((path) => Buffer.from(path).toString("utf8")),
    warnings,
  };
}

function fileDocument(entry: ManifestEntry, from: string | undefined): object {
  const path = isUtf8(entry.path)
    ? { path: Buffer.from(entry.path).toString("utf8") }
    : { pathBase64: Buffer.from(entry.path).toString("base64") };
  if (entry.kind === "symlink") {
    return {
      ...path,
      kind: "symlink",
      mode: "120000",
      size: 0,
      target: Buffer.from(entry.target).toString("utf8"),
      from,
    };
  }
  const mode = entry.mode === 0o755 ? "100755" : "100644";
  return { ...path, kind: "file", mode, size: entry.size, sha256: entry.sha256, from };
}

/** One path a line, as `git ls-files` prints them. */
export function renderList({ manifest }: PackedBundle): string {
  return manifest.entries.map(({ path }) => `${printable(path)}\n`).join("");
}

export async function renderExplanation(listing: Listing): Promise<string> {
  const { explainListing } = await import("@slipway/packager");
  const { rule, root, companions } = listing;
  const rules = {
    1: companions.length === 0 ? "this repository" : "this repository, which holds its companions",
    2: "this repository and, from where they are installed, its companions",
    3: "the companions alone, outside any repository",
  };
  const head = [`rule ${rule}: ${rules[rule]}`, `root: ${root}`];
  for (const { name, directory, inside } of companions) {
    head.push(`companion ${name}: ${directory}${inside ? " (inside the repository)" : ""}`);
  }
  const lines = explainListing(listing);
  const kept = lines.filter((line) => line.kept);
  const bytes = kept.reduce((sum, { size }) => sum + (size ?? 0), 0);
  const rows = lines.map((line) => [
    line.kept ? "+" : "-",
    printableText(line.path),
    line.size === undefined ? "" : formatBytes(line.size),
    line.why,
  ]);
  const end = `${count(kept.length, "path")} would be shipped, ${formatBytes(bytes)} before compression\n`;
  return `${head.map((line) => `${stripControlCharacters(line)}\n`).join("")}${renderTable(rows)}${end}`;
}

function printable(path: Uint8Array): string {
  return printableText(Buffer.from(path).toString("utf8"));
}

function printableText(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return /[\u0000-\u001f\u007f]/.test(text) ? JSON.stringify(text) : text;
}

function latin1(path: Uint8Array): string {
  return Buffer.from(path.buffer, path.byteOffset, path.byteLength).toString("latin1");
}
