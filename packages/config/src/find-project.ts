import path from "node:path";

import type { Diagnostic } from "@slipway/core";

import { invalidConfig } from "./error.ts";
import type { ProjectConfig } from "./project-config.ts";
import { readText } from "./read-text.ts";

export interface FindProjectOptions {
  /** The directory the command runs in, absolute; files in it or above it are told relative to it. */
  readonly cwd: string;
  /** The repository's top directory, absolute; `cwd` when absent. */
  readonly root?: string | undefined;
  /** slipway's own directory of this user, absolute: `~/.slipway`. */
  readonly home: string;
  readonly signal?: AbortSignal | undefined;
}

/** The settings in force, and where they come from. */
export interface FoundProject {
  readonly config: ProjectConfig;
  /** The files that were read, absolute, the strongest first. */
  readonly files: readonly string[];
  /** The place of every key that a file sets, `slipway.yaml:3:5`, by the key; what is not here has its default. */
  readonly origins: Readonly<Record<string, string>>;
  /** For `explainConfig`. */
  readonly sources: readonly ConfigSource[];
}

/** A file's text. */
export interface ConfigSource {
  readonly text: string;
  /** As places name it. */
  readonly file: string;
  /** The folder from which a project file's paths count; that of `file` when absent. */
  readonly directory?: string;
}

/**
 * Reads `<root>/slipway.yaml` and `<home>/config.yaml`; the first goes before the second, key by key, lists taken whole. Neither need
 * be there. Throws CONFIG_INVALID with the mistakes of both, CONFIG_UNREADABLE.
 */
export async function findProject({ cwd, root = cwd, home, signal }: FindProjectOptions): Promise<FoundProject> {
  const candidates = [path.join(root, "slipway.yaml"), path.join(home, "config.yaml")];
  const texts = await Promise.all(candidates.map((file) => readText(file, signal)));
  const found = candidates.flatMap((file, index) => {
    const text = texts[index];
    return text === undefined
      ? []
      : [{ text, file: displayName(file, cwd), directory: path.dirname(file), absolute: file }];
  });
  if (found.length === 0) {
    return { config: { companions: [], include: [], exclude: [] }, files: [], origins: {}, sources: [] };
  }
  const { combineProject, readProjectLayer } = await import("./project.ts");
  const { findOrigins } = await import("./explain.ts");
  const readings = found.map(readProjectLayer);
  const diagnostics = readings.flatMap((reading): readonly Diagnostic[] => reading.diagnostics ?? []);
  if (diagnostics.length > 0) throw invalidConfig(diagnostics);
  const sources = found.map(({ text, file, directory }) => ({ text, file, directory }));
  return {
    config: combineProject(readings.flatMap((reading) => (reading.diagnostics ? [] : [reading.shape]))),
    files: found.map(({ absolute }) => absolute),
    origins: findOrigins("project", sources),
    sources,
  };
}

/** The shorter of a file's relative and absolute path. */
export function displayName(file: string, cwd: string): string {
  const relative = path.relative(cwd, file);
  return relative.length < file.length ? relative : file;
}
