import path from "node:path";

import type { Companion, CompanionSource } from "@slipway/core";

import { toCleanSettings } from "./clean-settings.ts";
import type { CleanSettings } from "./cluster-config.ts";
import { readDocument } from "./document.ts";
import { invalidConfig } from "./error.ts";
import type { ProjectConfig } from "./project-config.ts";
import { checkProject, companionName, projectSchema } from "./project-schema.ts";
import type { CompanionFile, ProjectFile } from "./project-schema.ts";
import { readConfig } from "./read-config.ts";
import type { Reading } from "./reading.ts";
import { parseBytes } from "./units.ts";

/** The settings of one project file; what it leaves out may come from another. */
export type ProjectLayer = Partial<ProjectConfig>;

/**
 * Reads a project file's text. `file` stands in the diagnostics, and a companion's `path` counts from its folder: an absolute `file`
 * gives absolute directories. Throws CONFIG_INVALID with every mistake.
 */
export function parseProject(text: string, file: string): ProjectConfig {
  const reading = readProjectLayer({ text, file, directory: path.dirname(file) });
  if (reading.diagnostics) throw invalidConfig(reading.diagnostics);
  return combineProject([reading.shape]);
}

export interface ProjectSource {
  readonly text: string;
  /** As diagnostics call it. */
  readonly file: string;
  /** The folder it lies in. */
  readonly directory: string;
}

export function readProjectLayer({ text, file, directory }: ProjectSource): Reading<ProjectLayer> {
  const document = readDocument({ text, file });
  const reading = readConfig({ document, schema: projectSchema, check: (content) => checkProject(content, directory) });
  if (reading.diagnostics) return reading;
  return { shape: toLayer(reading.shape, directory) };
}

/** One config out of several files: the first that sets a key wins, also below `clean`; lists are taken whole. */
export function combineProject(layers: readonly ProjectLayer[]): ProjectConfig {
  const settings: ProjectLayer = Object.assign({}, ...layers.toReversed());
  const companions = settings.companions ?? [];
  const clean: CleanSettings = Object.assign({}, ...layers.toReversed().map((layer) => layer.clean));
  return {
    ...settings,
    ...(settings.clean && { clean }),
    companions: settings.preset === "nemo-skills" ? withNemoSkills(companions) : companions,
    include: settings.include ?? [],
    exclude: settings.exclude ?? [],
  };
}

const nemoSkills: Companion = {
  name: "nemo_skills",
  source: { kind: "python", module: "nemo_skills" },
  include: ["dataset/**/*.jsonl"],
};

function withNemoSkills(companions: readonly Companion[]): readonly Companion[] {
  const isNamed = companions.some(({ name }) => name === nemoSkills.name);
  if (!isNamed) return [...companions, nemoSkills];
  return companions.map((companion) =>
    companion.name === nemoSkills.name ? { include: nemoSkills.include ?? [], ...companion } : companion,
  );
}

function toLayer({ preset, packaging = {}, cluster, clean }: ProjectFile, directory: string): ProjectLayer {
  const { companions, include, exclude, allow_secrets: allowSecrets, max_size: maxSize } = packaging;
  return {
    ...(preset !== undefined && { preset }),
    ...(companions && { companions: companions.map((companion) => toCompanion(companion, directory)) }),
    ...(include && { include }),
    ...(exclude && { exclude }),
    ...(allowSecrets && { allowSecrets }),
    ...(maxSize !== undefined && { maxBytes: parseBytes(String(maxSize)) }),
    ...(cluster !== undefined && { cluster }),
    ...(clean && { clean: toCleanSettings(clean) }),
  };
}

function toCompanion(companion: CompanionFile, directory: string): Companion {
  return {
    name: companionName(companion, directory) ?? "",
    source: toSource(companion, directory),
    ...(companion.include && { include: companion.include }),
  };
}

function toSource(companion: CompanionFile, directory: string): CompanionSource {
  if (companion.npm !== undefined) return { kind: "npm", package: companion.npm };
  if (companion.path !== undefined) return { kind: "path", directory: fromFolder(directory, companion.path) };
  const { python = "", interpreter } = companion;
  if (interpreter === undefined) return { kind: "python", module: python };
  const isName = !interpreter.includes("/") && !interpreter.includes(path.sep);
  return { kind: "python", module: python, interpreter: isName ? interpreter : fromFolder(directory, interpreter) };
}

/** As `path.resolve`, which for a relative folder would ask for the process's working directory. */
function fromFolder(directory: string, relative: string): string {
  return path.isAbsolute(relative) ? path.normalize(relative) : path.join(directory, relative);
}
