import type { ProjectConfig } from "@slipway/config";
import type { PackagedCode, PackageOptions, PackedBundle } from "@slipway/packager";

import { cacheDirectory } from "./compose.ts";
import type { Context } from "./context.ts";
import { withProgress } from "./report/progress.ts";
import { count, formatBytes } from "./report/text.ts";

export interface PackagingChoice {
  readonly project: ProjectConfig;
  /** Globs of the command line, besides the project's. */
  readonly include?: readonly string[] | undefined;
  readonly allowSecrets?: readonly string[] | undefined;
  /** The tracked files as they lie on disk when absent. */
  readonly code?: PackagedCode | undefined;
  /** Ships a commit although there are changes that then stay behind. */
  readonly allowDirty?: boolean | undefined;
  /** Refuses code that differs from its commit. */
  readonly requireClean?: boolean | undefined;
}

export function packageOptions(
  { project, include = [], allowSecrets = [], code, allowDirty }: PackagingChoice,
  context: Context,
): PackageOptions {
  const { cwd, env, signal } = context;
  return {
    cwd,
    env,
    code: code?.kind === "commit" ? { ...code, allowDirty } : code,
    companions: project.companions,
    include: [...project.include, ...include],
    exclude: project.exclude,
    allowSecrets: [...(project.allowSecrets ?? []), ...allowSecrets],
    maxBytes: project.maxBytes,
    cacheDirectory: cacheDirectory(context),
    signal,
  };
}

const shownUntracked = 5;

/** Packs, and tells on stderr what came along, what stayed behind, and what to look at. */
export async function packForUser(choice: PackagingChoice, context: Context): Promise<PackedBundle> {
  const { packBundle } = await import("@slipway/packager");
  const bundle = await withProgress("packaging", context, () => packBundle(packageOptions(choice, context)));
  context.stderr.write(describeBundle(bundle));
  await assertClean(bundle, choice);
  return bundle;
}

/** Throws PACKAGER_DIRTY with the names of what differs from the commit, where that is asked for. */
export async function assertClean({ listing }: PackedBundle, { requireClean }: PackagingChoice): Promise<void> {
  if (!requireClean || !listing.source.dirty) return;
  const { PackagerError } = await import("@slipway/packager");
  const names = listing.dirtyFiles.slice(0, shownUntracked).map((path) => Buffer.from(path).toString("utf8"));
  throw new PackagerError("PACKAGER_DIRTY", `The code differs from its commit: ${names.join(", ")}`, {
    hint: "Commit the changes, or leave --require-clean out",
  });
}

export function describeBundle({ digest, manifest, listing }: PackedBundle): string {
  const { source, untracked, warnings } = listing;
  const files = count(manifest.files + manifest.symlinks, "file");
  const commit = source.commit === undefined ? "" : `, commit ${source.commit.slice(0, 10)}`;
  const dirty = source.dirty ? " with uncommitted changes" : "";
  const lines = [`packaged ${files}, ${formatBytes(manifest.bytes)}${commit}${dirty} (${digest.slice(0, 12)})`];
  if (untracked.length > 0) {
    const names = untracked.slice(0, shownUntracked).map((path) => Buffer.from(path).toString("utf8"));
    const more = untracked.length > shownUntracked ? `, and ${untracked.length - shownUntracked} more` : "";
    lines.push(`left behind, not tracked by git: ${names.join(", ")}${more} (git add them, or --include)`);
  }
  lines.push(...warnings.map((warning) => `warning: ${warning}`));
  return lines.map((line) => `${clean(line)}\n`).join("");
}

function clean(line: string): string {
  // oxlint-disable-next-line no-control-regex
  return line.replaceAll(/[\u0000-\u001f\u007f]/g, "?");
}
