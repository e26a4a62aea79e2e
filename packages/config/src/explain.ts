import { dirname } from "node:path";

import type { ConfigKind } from "./config-kind.ts";
import { readDocument } from "./document.ts";
import type { ConfigDocument } from "./document.ts";
import type { ConfigSource } from "./find-project.ts";
import { isMapping, renderPath } from "./problem.ts";
import type { Path } from "./problem.ts";
import { combineProject, readProjectLayer } from "./project.ts";

/** One setting that is in force. */
export interface ExplainedValue {
  /** The key, dotted, as in a diagnostic: `packaging.max_size`. */
  readonly path: string;
  /** Text, a number, true or false, an empty list or map; a number that is not written plainly (`1.10`) is given as text. */
  readonly value: unknown;
  /** `slipway.yaml:3:5`, `default`, or `preset nemo-skills`. */
  readonly origin: string;
}

/**
 * The settings in force and where each comes from, in the files' order, defaults last. Several project files are given strongest
 * first. In an experiment each job has the defaults it takes over. Takes files that parse.
 */
export function explainConfig(kind: ConfigKind, sources: readonly ConfigSource[]): readonly ExplainedValue[] {
  const documents = sources.map((source) => readDocument(source));
  const written = documents.reduce<readonly ExplainedValue[]>((stronger, document) => {
    return [...stronger, ...listLeaves(document).filter(({ path }) => !isSet(stronger, path))];
  }, []);
  const explained =
    kind === "experiment" ? documents.flatMap(explainJobs) : [...written, ...explainPreset(kind, sources)];
  const defaults = Object.entries(defaultValues[kind]).map(([path, value]) => ({ path, value, origin: "default" }));
  return [...explained, ...defaults.filter(({ path }) => !isSet(explained, path))];
}

/** The place of each key that a file sets. */
export function findOrigins(kind: ConfigKind, sources: readonly ConfigSource[]): Readonly<Record<string, string>> {
  const written = explainConfig(kind, sources).filter(({ origin }) => origin !== "default");
  return Object.fromEntries(written.map(({ path, origin }) => [path, origin]));
}

const defaultValues: Readonly<Record<ConfigKind, Readonly<Record<string, unknown>>>> = {
  project: { "packaging.companions": [], "packaging.include": [], "packaging.exclude": [], cluster: "local" },
  cluster: { dependency_type: "afterok", disable_gpus_per_node: false },
  experiment: { cluster: "local" },
};

/** Whether a key, its list or map, or something in it has a value. A stronger file's list leaves nothing of a weaker one's. */
function isSet(values: readonly ExplainedValue[], path: string): boolean {
  const list = /^packaging\.(?:companions|include|exclude)/.exec(path)?.[0] ?? path;
  return values.some((value) => value.path === list || value.path.startsWith(`${list}.`));
}

/** What a preset adds to the companions that stand in the files. */
function explainPreset(kind: ConfigKind, sources: readonly ConfigSource[]): readonly ExplainedValue[] {
  if (kind !== "project") return [];
  const readings = sources.map(({ text, file, directory = dirname(file) }) => {
    return readProjectLayer({ text, file, directory });
  });
  const layers = readings.flatMap((reading) => (reading.diagnostics ? [] : [reading.shape]));
  const written = layers.find(({ companions }) => companions !== undefined)?.companions ?? [];
  const { preset, companions } = combineProject(layers);
  return companions.flatMap(({ name, include = [] }, index) => {
    const at = renderPath(["packaging", "companions", index]);
    const origin = `preset ${preset}`;
    const globs = include.map((value, item) => ({ path: `${at}.include.${item}`, value, origin }));
    if (!written[index]) return [{ path: `${at}.python`, value: name, origin }, ...globs];
    return written[index].include === undefined ? globs : [];
  });
}

function listLeaves(
  document: ConfigDocument,
  value: unknown = document.value,
  at: Path = [],
): readonly ExplainedValue[] {
  if (Array.isArray(value) && value.length > 0) {
    return value.flatMap((item: unknown, index) => listLeaves(document, item, [...at, index]));
  }
  if (isMapping(value) && Object.keys(value).length > 0) {
    return Object.entries(value).flatMap(([key, item]) => listLeaves(document, item, [...at, key]));
  }
  if (at.length === 0) return [];
  const text = document.text(at);
  const isWrittenSo = text === undefined || text === String(value);
  return [{ path: renderPath(at), value: isWrittenSo ? value : text, origin: originOf(document, at) }];
}

/** Jobs with the file's defaults in their place. */
function explainJobs(document: ConfigDocument): readonly ExplainedValue[] {
  const { defaults = {}, jobs = {}, ...others } = isMapping(document.value) ? document.value : {};
  if (!isMapping(jobs)) return [];
  const explained = Object.keys(jobs).flatMap((job) => {
    const own = listLeaves(document, jobs[job], ["jobs", job]);
    const inherited = listLeaves(document, defaults, ["defaults"]).map((leaf) => ({
      ...leaf,
      path: `${renderPath(["jobs", job])}${leaf.path.slice("defaults".length)}`,
    }));
    return [...own, ...inherited.filter(({ path }) => !own.some((leaf) => leaf.path === path))];
  });
  return [...listLeaves(document, others), ...explained];
}

function originOf(document: ConfigDocument, at: Path): string {
  const { file, line, column } = document.diagnose({ path: at, message: "" });
  return `${file}:${line}:${column}`;
}
