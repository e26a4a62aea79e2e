import path from "node:path";

import type { GatheredFacts } from "./gather.ts";
import type { ListedFile } from "./listing.ts";
import { displayPath, displayPaths, joinedPaths, latin1, parentPath } from "./paths.ts";

/** Above this a single file is told. */
export const bigFileBytes = 10_000_000;

/** What the user should know about a bundle, a line each. */
export function planWarnings(
  gathered: GatheredFacts,
  files: readonly ListedFile[],
  { bytes, maxBytes }: { readonly bytes: number; readonly maxBytes: number },
): readonly string[] {
  const { repository, companions, ignoredVariables } = gathered;
  return [
    ...(ignoredVariables.length > 0 ? [`Ignored in the environment: ${ignoredVariables.join(", ")}`] : []),
    ...(repository?.tracked.warnings ?? []),
    ...companions.flatMap((companion) => companion.warnings),
    ...emptyCompanions(gathered, files),
    ...sizes(files, { bytes, maxBytes }),
    ...leadingOut(files),
    ...differingInCase(files),
  ];
}

function emptyCompanions({ companions }: GatheredFacts, files: readonly ListedFile[]): readonly string[] {
  return companions
    .filter(({ name }) => {
      const start = `${latin1(Buffer.from(name))}/`;
      return !files.some((file) => latin1(file.path).startsWith(start));
    })
    .map(({ name, directory }) => `${directory} is there, but nothing of the companion ${name} is packaged`);
}

function sizes(
  files: readonly ListedFile[],
  { bytes, maxBytes }: { readonly bytes: number; readonly maxBytes: number },
): readonly string[] {
  const warnings: string[] = [];
  if (bytes > maxBytes / 5)
    warnings.push(`The bundle has ${megabytes(bytes)}; above ${megabytes(maxBytes)} it is refused`);
  const big = files
    .filter((file) => file.size > bigFileBytes)
    .map((file) => `${displayPath(file.path)} (${megabytes(file.size)})`);
  if (big.length > 0) warnings.push(`Big files come along: ${displayPaths(big)}`);
  return warnings;
}

export function megabytes(bytes: number): string {
  return bytes < 100_000 ? `${bytes} bytes` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

function leadingOut(files: readonly ListedFile[]): readonly string[] {
  const leading = files.filter((file) => file.target !== undefined && leadsOut(file.path, file.target));
  if (leading.length === 0) return [];
  const shown = displayPaths(leading.map((file) => file.path));
  return [
    `${shown}: symbolic links that lead out of the bundle; they are packaged as they are and may dangle where it runs`,
  ];
}

function leadsOut(link: Uint8Array, target: Uint8Array): boolean {
  const text = latin1(target);
  if (text.startsWith("/")) return true;
  const resolved = path.posix.normalize(`${parentPath(latin1(link))}/${text}`.replace(/^\//, ""));
  return resolved === ".." || resolved.startsWith("../");
}

function differingInCase(files: readonly ListedFile[]): readonly string[] {
  const names = joinedPaths(files);
  if (isAscii.test(names) && !mayDifferInCase(names.split("\0"))) return [];
  const folded = Buffer.from(names, "latin1").toString("utf8").toLowerCase().split("\0");
  const seen = new Map<string, Uint8Array>();
  const pairs: string[] = [];
  for (const [position, { path: file }] of files.entries()) {
    const key = folded[position] ?? "";
    const other = seen.get(key);
    if (other === undefined) seen.set(key, file);
    else pairs.push(`${displayPath(other)} and ${displayPath(file)}`);
  }
  if (pairs.length === 0) return [];
  return [`${displayPaths(pairs)} differ only in case: some file systems hold just one of them`];
}

// oxlint-disable-next-line no-control-regex
const isAscii = /^[\u0000-\u007f]*$/;

/** Whether any two of these different names do. One of them is not lower case then: few have to be compared. */
export function mayDifferInCase(names: readonly string[]): boolean {
  const capitalized = names.filter((name) => mayHaveCapital.test(name) && name.toLowerCase() !== name);
  const folded = new Set(capitalized.map((name) => name.toLowerCase()));
  return folded.size < capitalized.length || (folded.size > 0 && names.some((name) => folded.has(name)));
}

// oxlint-disable-next-line no-control-regex
const mayHaveCapital = /[A-Z]|[^\u0000-\u007f]/;
