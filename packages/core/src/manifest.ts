import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";

/** sha-256 of a bundle's canonical manifest, 64 lower-case hex digits. */
export type Digest = string;

const digestPattern = /^[0-9a-f]{64}$/;

export function isDigest(text: string): text is Digest {
  return digestPattern.test(text);
}

/** One file or symbolic link of a bundle. Directories are implied by the paths. */
export type ManifestEntry = FileEntry | SymlinkEntry;

export interface FileEntry {
  readonly kind: "file";
  /** Bytes as they lie in the bundle: relative, `/` between components, none of them empty, `.` or `..`. */
  readonly path: Uint8Array;
  /** 0o755 when the owner may execute it, else 0o644. */
  readonly mode: 0o644 | 0o755;
  /** Bytes. */
  readonly size: number;
  /** sha-256 of the content, 64 lower-case hex digits. */
  readonly sha256: string;
}

export interface SymlinkEntry {
  readonly kind: "symlink";
  readonly path: Uint8Array;
  /** The link's text, as bytes. */
  readonly target: Uint8Array;
}

/** What a bundle holds, sorted by the bytes of the paths. */
export interface Manifest {
  readonly entries: readonly ManifestEntry[];
  /** Sum of the files' sizes. */
  readonly bytes: number;
  readonly files: number;
  readonly symlinks: number;
  /** Directories that the paths imply, the root not counted. */
  readonly directories: number;
}

/** Thrown by `parseManifest`: the text is not a manifest, or not a canonical one. */
export class ManifestSyntaxError extends SyntaxError {
  override readonly name = "ManifestSyntaxError";
}

export function createManifest(unsorted: readonly ManifestEntry[]): Manifest {
  const entries = unsorted.toSorted((a, b) => Buffer.compare(a.path, b.path));
  let bytes = 0;
  let files = 0;
  const directories = new Set<string>();
  let lastParent = "";
  for (const entry of entries) {
    if (entry.kind === "file") {
      files += 1;
      bytes += entry.size;
    }
    const path = latin1(entry.path);
    const parent = path.slice(0, Math.max(0, path.lastIndexOf("/")));
    if (parent !== lastParent) addParents(parent, directories);
    lastParent = parent;
  }
  return { entries, bytes, files, symlinks: entries.length - files, directories: directories.size };
}

function addParents(directory: string, directories: Set<string>): void {
  for (let parent = directory; parent !== "" && !directories.has(parent);) {
    directories.add(parent);
    parent = parent.slice(0, Math.max(0, parent.lastIndexOf("/")));
  }
}

/**
 * The canonical text: one header line, then one line an entry, each ended by a newline.
 *
 *     slipway-manifest 1 files=2 symlinks=1 directories=1 bytes=15
 *     file 644 12 <sha256> docs/a file.md
 *     symlink - - - link
 *     target a/b
 *
 * Paths stand last, raw, with `\0ooo` (what POSIX `printf %b` reads) for backslash, control characters and, in a name
 * that is not UTF-8, every byte above 127. A symlink's target stands on the next line in the same way.
 */
export function renderManifest(manifest: Manifest): Uint8Array {
  const { files, symlinks, directories, bytes } = manifest;
  const lines = [`slipway-manifest 1 files=${files} symlinks=${symlinks} directories=${directories} bytes=${bytes}`];
  for (const entry of manifest.entries) {
    if (entry.kind === "file") {
      lines.push(`file ${entry.mode.toString(8)} ${entry.size} ${entry.sha256} ${escapeBytes(entry.path)}`);
    } else {
      lines.push(`symlink - - - ${escapeBytes(entry.path)}`, `target ${escapeBytes(entry.target)}`);
    }
  }
  return Buffer.from(`${lines.join("\n")}\n`, "latin1");
}

export function manifestDigest(manifest: Manifest): Digest {
  return createHash("sha256").update(renderManifest(manifest)).digest("hex");
}

const headerPattern = /^slipway-manifest 1 files=\d+ symlinks=\d+ directories=\d+ bytes=\d+$/;
const filePattern = /^file (644|755) (\d+) ([0-9a-f]{64}) (.+)$/;
const symlinkPattern = /^symlink - - - (.+)$/;
const targetPattern = /^target (.+)$/;

/** Reads what `renderManifest` wrote, and nothing else: `renderManifest(parseManifest(text))` is `text`. */
export function parseManifest(text: Uint8Array): Manifest {
  const lines = latin1(text).split("\n");
  if (lines.pop() !== "" || !headerPattern.test(lines[0] ?? "")) {
    throw new ManifestSyntaxError("Not a slipway manifest of version 1");
  }
  const entries: ManifestEntry[] = [];
  for (let index = 1; index < lines.length; index++) {
    const line = lines[index] ?? "";
    const file = filePattern.exec(line);
    const symlink = file ? null : symlinkPattern.exec(line);
    if (file?.[2] && file[3] && file[4]) {
      const mode = file[1] === "755" ? 0o755 : 0o644;
      entries.push({ kind: "file", path: unescapeBytes(file[4]), mode, size: Number(file[2]), sha256: file[3] });
    } else if (symlink?.[1]) {
      const target = targetPattern.exec(lines[++index] ?? "")?.[1];
      if (target === undefined) throw new ManifestSyntaxError(`Line ${index + 1} of the manifest: expected a target`);
      entries.push({ kind: "symlink", path: unescapeBytes(symlink[1]), target: unescapeBytes(target) });
    } else {
      throw new ManifestSyntaxError(`Line ${index + 1} of the manifest is neither a file nor a symlink`);
    }
  }
  const manifest = createManifest(entries);
  if (Buffer.compare(renderManifest(manifest), text) !== 0) {
    throw new ManifestSyntaxError("The manifest is not in its canonical form");
  }
  return manifest;
}

// oxlint-disable-next-line no-control-regex
const escaped = /[\u0000-\u001f\u007f\\]/g;
// oxlint-disable-next-line no-control-regex
const escapedUnlessUtf8 = /[\u0000-\u001f\u007f-\u00ff\\]/g;
// oxlint-disable-next-line no-control-regex
const plainAscii = /^[ -[\]-~]*$/;

function escapeBytes(bytes: Uint8Array): string {
  const text = latin1(bytes);
  if (plainAscii.test(text)) return text;
  const pattern = isUtf8(bytes) ? escaped : escapedUnlessUtf8;
  return text.replace(pattern, (character) => `\\0${character.charCodeAt(0).toString(8).padStart(3, "0")}`);
}

function unescapeBytes(text: string): Uint8Array {
  return Buffer.from(
    text.replace(/\\0([0-3][0-7]{2})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    "latin1",
  );
}

function latin1(bytes: Uint8Array): string {
  if (Buffer.isBuffer(bytes)) return bytes.toString("latin1");
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
