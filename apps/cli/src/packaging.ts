import type { ProjectConfig } from "@slipway/config";
import type { PackageOptions, PackedBundle } from "@slipway/packager";

import { cacheDirectory } from "./compose.ts";
import type { Context } from "./context.ts";
import { withProgress } from "./report/progress.ts";
import { count, formatBytes } from "./report/text.ts";

export interface PackagingChoice {
  readonly project: ProjectConfig;
  /** Globs of the command line, besides the project's. */
  readonly include?: readonly string[] | undefined;
  readonly allowSecrets?: readonly string[] | undefined;
}

export function packageOptions(
  { project, include = [], allowSecrets = [] }: PackagingChoice,
  context: Context,
): PackageOptions {
  const { cwd, env, signal } = context;
  return {
    cwd,
    env,
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
  return bundle;
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
