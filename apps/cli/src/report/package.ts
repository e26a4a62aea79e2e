import { isUtf8 } from "node:buffer";

import { stripControlCharacters } from "@slipway/core";
import type { ManifestEntry } from "@slipway/core";
import type { ExplainedSubmodule, Listing, PackedBundle } from "@slipway/packager";

import type { Context } from "../context.ts";
import { printLongJson } from "../json.ts";
import { count, formatBytes, renderTable } from "./text.ts";

/** Prints what `package --json` prints; its keys are API. Piece by piece: of many files it is too long for one string. */
export function printPackage(bundle: PackedBundle, context: Context): Promise<void> {
  const { digest, manifest, listing } = bundle;
  const { rule, root, source, untracked, warnings } = listing;
  const { commit, dirty } = source;
  const document = {
    digest,
    bytes: manifest.bytes,
    rule,
    root,
    commit,
    dirty,
    files: [],
    untracked: untracked.map((path) => asBuffer(path).toString("utf8")),
    warnings,
  };
  return printLongJson(context, document, { key: "files", items: fileDocuments(bundle) });
}

function* fileDocuments(bundle: PackedBundle): Generator<object> {
  for (const { entry, file } of bundle.contents()) yield fileDocument(entry, file.from);
}

function fileDocument(entry: ManifestEntry, from: string): object {
  const bytes = asBuffer(entry.path);
  const path = isUtf8(bytes) ? { path: bytes.toString("utf8") } : { pathBase64: bytes.toString("base64") };
  if (entry.kind === "symlink") {
    return {
      ...path,
      kind: "symlink",
      mode: "120000",
      size: 0,
      target: asBuffer(entry.target).toString("utf8"),
      from,
    };
  }
  const mode = entry.mode === 0o755 ? "100755" : "100644";
  return { ...path, kind: "file", mode, size: entry.size, sha256: entry.sha256, from };
}

/** One path a line, as `git ls-files` prints them. */
export function renderList(bundle: PackedBundle): string {
  let text = "";
  for (const { entry } of bundle.contents()) text += `${printable(entry.path)}\n`;
  return text;
}

export async function renderExplanation(listing: Listing): Promise<string> {
  const { explainListing, explainSubmodules, predictBytes } = await import("@slipway/packager");
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
  head.push(...explainSubmodules(listing).map(describeSubmodule));
  const lines = explainListing(listing);
  const kept = lines.filter((line) => line.kept);
  const bytes = await predictBytes(listing, { prefix: "tree", manifestName: "manifest" });
  const rows = lines.map((line) => [
    line.kept ? "+" : "-",
    printableText(line.path),
    line.size === undefined ? "" : formatBytes(line.size),
    line.why,
  ]);
  const end = `${count(kept.length, "path")} would be shipped, ${formatBytes(bytes.content)}; ${formatBytes(bytes.tar)} travel to a store that has none of it\n`;
  return `${head.map((line) => `${stripControlCharacters(line)}\n`).join("")}${renderTable(rows)}${end}`;
}

function describeSubmodule({ path, recorded, commit, state, dirty }: ExplainedSubmodule): string {
  const short = (id = "") => id.slice(0, 10);
  const states = {
    as_recorded: `commit ${short(commit)}, as recorded`,
    moved: `commit ${short(commit)}, while ${short(recorded)} is recorded`,
    not_initialised: `not initialised, left out (${short(recorded)} is recorded)`,
  };
  return `submodule ${path}: ${states[state]}${dirty ? ", with uncommitted changes" : ""}`;
}

function printable(path: Uint8Array): string {
  return printableText(asBuffer(path).toString("utf8"));
}

function printableText(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return /[\u0000-\u001f\u007f]/.test(text) ? JSON.stringify(text) : text;
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
