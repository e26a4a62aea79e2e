import type { FileEntry, Manifest, ManifestEntry } from "@slipway/core";

import { latin1 } from "../paths.ts";

/** An instance there whose code may be taken. */
export interface Base {
  readonly instance: string;
  readonly manifest: Manifest;
}

/** A file of an instance that is there, and the file that it becomes. */
export interface TakenFile {
  readonly instance: string;
  readonly source: FileEntry;
  readonly target: FileEntry;
}

/** How a tree comes to be from those that are there and from what is sent. Paths are their bytes, one character each. */
export interface DeltaPlan {
  /** The manifest is made from its manifest. */
  readonly base: Base;
  /** Whether the base's whole tree is linked first, without its symbolic links; else the tree begins empty. */
  readonly clones: boolean;
  /** All that must stay while the tree is made, the base among them. */
  readonly instances: readonly string[];
  /** Files of the cloned tree that go. */
  readonly removedFiles: readonly string[];
  /** Directories of the cloned tree that go, each after those in it. */
  readonly removedDirectories: readonly string[];
  /** Directories that the taken and the repeated files need and the cloned tree has not. */
  readonly newDirectories: readonly string[];
  /** Directories of the cloned tree in which something comes or goes; empty text is its top. */
  readonly openedDirectories: readonly string[];
  readonly taken: readonly TakenFile[];
  /** Files with the content of one that is sent; its instance is empty text. */
  readonly repeated: readonly TakenFile[];
  /** What travels: files whose content is nowhere there, and all symbolic links. */
  readonly sent: ReadonlySet<ManifestEntry>;
  readonly sentFiles: number;
  readonly sentBytes: number;
}

/** Below this part of the bytes, taking what is there is not worth its risks. */
const leastTakenPart = 0.25;

/** The way that sends the fewest bytes; undefined when the bases have too little in common with what is wanted. */
export function planDelta(wanted: Manifest, bases: readonly Base[]): DeltaPlan | undefined {
  const [first, ...others] = bases
    .map((base) => ({ base, ...findKept(wanted, base.manifest) }))
    .toSorted((a, b) => b.kept.size - a.kept.size);
  if (!first) return undefined;
  const { base } = first;
  const clones = first.kept.size * 2 >= base.manifest.entries.length;
  const kept: ReadonlySet<ManifestEntry> = clones ? first.kept : none;
  const { taken, rest } = takeByContent(wanted, kept, [base, ...others.map((other) => other.base)]);
  const { sent, repeated } = sendOnce(rest);
  const sentFiles = [...sent].filter((entry) => entry.kind === "file");
  const sentBytes = sumOfSizes(sentFiles);
  const takenBytes = wanted.bytes - sentBytes - sumOfSizes(repeated.map(({ target }) => target));
  if (takenBytes === 0 || takenBytes < leastTakenPart * wanted.bytes) return undefined;
  return {
    base,
    clones,
    instances: [...new Set([base.instance, ...taken.map(({ instance }) => instance)])],
    ...changesOf({
      wanted,
      cloned: clones ? { ...first, base: base.manifest } : undefined,
      placed: [...taken, ...repeated],
      sent,
    }),
    taken,
    repeated,
    sent,
    sentFiles: sentFiles.length,
    sentBytes,
  };
}

const none: ReadonlySet<ManifestEntry> = new Set();

interface Kept {
  /** The files of the wanted manifest that lie in the other one as they are. */
  readonly kept: ReadonlySet<ManifestEntry>;
  /** Those of the other one that stay. */
  readonly staying: ReadonlySet<ManifestEntry>;
}

/** Both are sorted by their paths. */
function findKept(wanted: Manifest, base: Manifest): Kept {
  const kept = new Set<ManifestEntry>();
  const staying = new Set<ManifestEntry>();
  let position = 0;
  for (const entry of wanted.entries) {
    let there = base.entries[position];
    let order = 1;
    while (there && (order = Buffer.compare(there.path, entry.path)) < 0) there = base.entries[++position];
    if (!there) break;
    if (order !== 0 || entry.kind !== "file" || there.kind !== "file") continue;
    if (there.sha256 !== entry.sha256 || there.mode !== entry.mode || there.size !== entry.size) continue;
    kept.add(entry);
    staying.add(there);
  }
  return { kept, staying };
}

const sourcesOfOneContent = 8;

function takeByContent(wanted: Manifest, kept: ReadonlySet<ManifestEntry>, bases: readonly Base[]) {
  const missing = wanted.entries.filter((entry) => !kept.has(entry));
  const needed = new Set(missing.map((entry) => (entry.kind === "file" && entry.size > 0 ? entry.sha256 : "")));
  const sources = new Map<string, Omit<TakenFile, "target">[]>();
  for (const { instance, manifest } of bases) {
    for (const source of manifest.entries) {
      if (source.kind !== "file" || source.size === 0 || !needed.has(source.sha256)) continue;
      const known = sources.get(source.sha256);
      if (!known) sources.set(source.sha256, [{ instance, source }]);
      else if (known.length < sourcesOfOneContent) known.push({ instance, source });
    }
  }
  const taken: TakenFile[] = [];
  const rest: ManifestEntry[] = [];
  for (const target of missing) {
    const found = target.kind === "file" ? nearestSource(target, sources.get(target.sha256) ?? []) : undefined;
    if (found && target.kind === "file") taken.push({ ...found, target });
    else rest.push(target);
  }
  return { taken, rest };
}

/** Best of the same mode, which can be linked, and of the same name, which goes with others of its directory. */
function nearestSource(target: FileEntry, sources: readonly Omit<TakenFile, "target">[]) {
  const points = ({ source }: Omit<TakenFile, "target">) =>
    (source.size === target.size ? 4 : 0) +
    (source.mode === target.mode ? 2 : 0) +
    (splitPath(latin1(source.path)).name === splitPath(latin1(target.path)).name ? 1 : 0);
  return sources.toSorted((a, b) => points(b) - points(a))[0];
}

/** One content travels once. */
function sendOnce(entries: readonly ManifestEntry[]) {
  const sent = new Set<ManifestEntry>();
  const repeated: TakenFile[] = [];
  const sources = new Map<string, FileEntry>();
  for (const entry of entries) {
    const source = entry.kind === "file" && entry.size > 0 ? sources.get(entry.sha256) : undefined;
    if (source && entry.kind === "file") {
      repeated.push({ instance: "", source, target: entry });
      continue;
    }
    sent.add(entry);
    if (entry.kind === "file") sources.set(entry.sha256, entry);
  }
  return { sent, repeated };
}

interface Changes {
  readonly wanted: Manifest;
  readonly cloned: (Pick<Kept, "staying"> & { readonly base: Manifest }) | undefined;
  readonly placed: readonly TakenFile[];
  readonly sent: ReadonlySet<ManifestEntry>;
}

function changesOf({ wanted, cloned, placed, sent }: Changes) {
  const old = cloned?.base.entries ?? [];
  const removed = old.filter((entry) => !cloned?.staying.has(entry));
  const before = directoriesOf(old);
  const after = directoriesOf(wanted.entries);
  const placedPaths = placed.map(({ target }) => latin1(target.path));
  const parents = new Set(placedPaths.map((path) => splitPath(path).directory));
  const removedDirectories = [...before].filter((directory) => !after.has(directory));
  const changedPaths = [
    ...[...removed, ...sent].map(({ path }) => latin1(path)),
    ...placedPaths,
    ...removedDirectories,
  ];
  return {
    removedFiles: removed.filter(({ kind }) => kind === "file").map(({ path }) => latin1(path)),
    removedDirectories: removedDirectories.toSorted().toReversed(),
    newDirectories: [...parents].filter((directory) => directory !== "" && !before.has(directory)),
    openedDirectories: [...new Set(changedPaths.map((path) => nearestDirectory(path, before)))],
  };
}

function nearestDirectory(path: string, directories: ReadonlySet<string>): string {
  let { directory } = splitPath(path);
  while (directory !== "" && !directories.has(directory)) ({ directory } = splitPath(directory));
  return directory;
}

const slashByte = 0x2f;

/** Sorted entries of one directory mostly follow each other, and most have all of it in common with the one before. */
function directoriesOf(entries: readonly ManifestEntry[]): ReadonlySet<string> {
  const directories = new Set<string>();
  let last: Uint8Array = new Uint8Array();
  for (const { path } of entries) {
    const parent = path.subarray(0, Math.max(0, path.lastIndexOf(slashByte)));
    if (Buffer.compare(parent, last) === 0) continue;
    last = parent;
    let directory = latin1(parent);
    while (directory !== "" && !directories.has(directory)) {
      directories.add(directory);
      ({ directory } = splitPath(directory));
    }
  }
  return directories;
}

export function splitPath(path: string): { readonly directory: string; readonly name: string } {
  const slash = path.lastIndexOf("/");
  return { directory: path.slice(0, Math.max(0, slash)), name: path.slice(slash + 1) };
}

function sumOfSizes(files: readonly FileEntry[]): number {
  return files.reduce((sum, file) => sum + file.size, 0);
}
