import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { promisify } from "node:util";

import { createManifest, manifestDigest, renderManifest } from "@slipway/core";
import type { Bundle, Manifest, ManifestEntry } from "@slipway/core";
import { temporaryDirectory } from "@slipway/testing";

const execFileAsync = promisify(execFile);

export interface BundledFile {
  readonly path: string | Uint8Array;
  readonly content?: string | Uint8Array;
  readonly executable?: boolean;
  /** Makes it a symbolic link. */
  readonly target?: string | Uint8Array;
}

/** A bundle whose tar the installed GNU tar made from real files: any name, any kind of damage. */
export function bundleOf(...files: readonly BundledFile[]): Promise<Bundle> {
  return bundleFrom(createManifest(files.map(entryOf)), files);
}

/** A bundle that has these files, whatever its manifest says. */
export async function bundleFrom(manifest: Manifest, files: readonly BundledFile[]): Promise<Bundle> {
  const whole = bundleWithTar(manifest, await tarWith(manifest, files));
  const entries = new Map(manifest.entries.map((entry) => [Buffer.from(entry.path).toString("latin1"), entry]));
  return {
    ...whole,
    async *tar(options = {}) {
      const { only, manifestName } = options;
      if (!only) return yield* whole.tar(options);
      const chosen = files.filter(({ path }) => {
        const entry = entries.get(Buffer.from(path).toString("latin1"));
        return entry && only({ ...entry });
      });
      yield await tarWith(manifest, chosen, manifestName === undefined ? ["tree"] : ["manifest", "tree"]);
    },
  };
}

async function tarWith(
  manifest: Manifest,
  files: readonly BundledFile[],
  names: readonly string[] = ["manifest", "tree"],
): Promise<Buffer> {
  await using folder = await temporaryDirectory();
  await writeFile(`${folder.path}/manifest`, renderManifest(manifest), { mode: 0o444 });
  await mkdir(`${folder.path}/tree`);
  for (const file of files) await writeBundled(`${folder.path}/tree/`, file);
  const args = ["--format=pax", "--sort=name", "--mtime=@0", "--owner=0", "--group=0", "-cf", "-", ...names];
  const { stdout } = await execFileAsync("tar", ["-C", folder.path, ...args], {
    encoding: "buffer",
    maxBuffer: 1 << 30,
    env: { PATH: process.env["PATH"] },
  });
  return stdout;
}

/** A bundle of these bytes, whatever they are. */
export function bundleWithTar(manifest: Manifest, tar: Uint8Array): Bundle {
  return {
    digest: manifestDigest(manifest),
    manifest,
    source: { rule: 1, root: "/nowhere", dirty: false },
    async *tar() {
      for (let start = 0; start < tar.length; start += 262_144) yield tar.subarray(start, start + 262_144);
    },
  };
}

export async function tarOf(bundle: Bundle): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bundle.tar()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function entryOf({ path, content = "", executable, target }: BundledFile): ManifestEntry {
  if (target !== undefined) return { kind: "symlink", path: Buffer.from(path), target: Buffer.from(target) };
  const bytes = Buffer.from(content);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { kind: "file", path: Buffer.from(path), mode: executable ? 0o755 : 0o644, size: bytes.length, sha256 };
}

async function writeBundled(prefix: string, { path, content = "", executable, target }: BundledFile): Promise<void> {
  const file = Buffer.concat([Buffer.from(prefix), Buffer.from(path)]);
  const parent = file.subarray(0, file.lastIndexOf("/"));
  await mkdir(parent, { recursive: true });
  if (target !== undefined) return symlink(Buffer.from(target), file);
  await writeFile(file, content);
  await chmod(file, executable ? 0o555 : 0o444);
}
