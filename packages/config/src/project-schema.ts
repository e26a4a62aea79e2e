import path from "node:path";

import type { ZodMiniType } from "zod/mini";

import { cleanSchema } from "./clean-settings.ts";
import type { CleanFile } from "./clean-settings.ts";
import type { ConfigDocument } from "./document.ts";
import { isMapping } from "./problem.ts";
import type { Problem } from "./problem.ts";
import { bytes, choice, list, object, optional, pattern } from "./schema.ts";

/** A project file as it is written. */
export interface ProjectFile {
  readonly preset?: "nemo-skills";
  readonly packaging?: {
    readonly companions?: readonly CompanionFile[];
    readonly include?: readonly string[];
    readonly exclude?: readonly string[];
    readonly allow_secrets?: readonly string[];
    readonly max_size?: string | number;
  };
  readonly cluster?: string;
  readonly clean?: CleanFile;
}

export interface CompanionFile {
  readonly python?: string;
  readonly interpreter?: string;
  readonly npm?: string;
  readonly path?: string;
  readonly name?: string;
  readonly include?: readonly string[];
}

const glob = () => pattern("a glob such as data/**/*.jsonl", /^[^\0]+$/);

const companionSchema: ZodMiniType<CompanionFile, unknown> = object({
  python: optional(
    "A Python module, found where the interpreter has it installed; it is never imported.",
    pattern("a top-level module's name such as nemo_skills", /^[\p{L}_][\p{L}\p{N}_]*$/u),
  ),
  interpreter: optional(
    "The Python that has the module: a name on PATH, or a path that counts from this file's folder. python3 by default.",
    pattern("a path or a name such as python3", /^[^\0]+$/),
  ),
  npm: optional(
    "An npm package, found where Node finds it from the working directory.",
    pattern("an npm package's name such as @scope/tool", /^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/i),
  ),
  path: optional(
    "A directory; it counts from this file's folder. Inside a repository only files that git tracks come along.",
    pattern("a directory's path; `~` is not expanded", /^(?!~(?:\/|$))[^\0]+$/),
  ),
  name: optional(
    "The top-level directory it takes in the bundle.",
    pattern("the name of one directory", /^(?!\.{1,2}$|\.git$)[^/\\\0]+$/i),
  ),
  include: optional(
    "Globs below the companion that come along although git does not track them.",
    list(glob(), "globs"),
  ),
});

export const projectSchema: ZodMiniType<ProjectFile, unknown> = object({
  preset: optional("Settings for a framework: its companion and what belongs to it.", choice(["nemo-skills"])),
  packaging: optional(
    "Which code is packaged.",
    object({
      companions: optional("Packages whose code always comes along.", list(companionSchema, "companions")),
      include: optional(
        "Untracked or ignored files to add; a pattern that matches nothing is an error.",
        list(glob(), "globs"),
      ),
      exclude: optional("Files to leave out.", list(glob(), "globs")),
      allow_secrets: optional(
        "Files that may look as if they held secrets; any other such file is refused.",
        list(glob(), "globs"),
      ),
      max_size: optional("The largest bundle that may be packed: 500MB.", bytes()),
    }),
  ),
  cluster: optional("The cluster that `run` uses by default.", pattern("a cluster's name", /^[^\0]+$/)),
  clean: optional("What is kept, and for how long; it goes before what the cluster's file says.", cleanSchema),
});

/** One of `python`, `npm` and `path` in each companion; each name once. Paths count from `directory`. */
export function checkProject({ value }: ConfigDocument, directory: string): readonly Problem[] {
  const packaging = isMapping(value) ? value["packaging"] : undefined;
  const companions = isMapping(packaging) ? packaging["companions"] : undefined;
  if (!Array.isArray(companions)) return [];
  const problems: Problem[] = [];
  const names = new Set<string>();
  for (const [index, companion] of companions.entries()) {
    if (!isMapping(companion)) continue;
    const at = ["packaging", "companions", index];
    const kinds = ["python", "npm", "path"].filter((kind) => kind in companion);
    if (kinds.length === 0) problems.push({ path: at, message: "missing; expected python, npm or path" });
    for (const kind of kinds.slice(1)) {
      problems.push({
        path: [...at, kind],
        at: "key",
        message: `${kinds[0]} stands here too; a companion has one of them`,
      });
    }
    if ("interpreter" in companion && !("python" in companion)) {
      problems.push({ path: [...at, "interpreter"], at: "key", message: "only a python companion has an interpreter" });
    }
    if (kinds.length !== 1) continue;
    const name = companionName(companion, directory);
    const namePath = [...at, "name" in companion ? "name" : (kinds[0] ?? "")];
    if (name === undefined) continue;
    if (/^(\.{0,2}|\.git)$/i.test(name)) {
      problems.push({
        path: namePath,
        message: `${JSON.stringify(name)} cannot be a directory's name in the bundle`,
        hint: "give it a name",
      });
    } else if (names.has(name)) {
      problems.push({
        path: namePath,
        message: `another companion is called ${name}`,
        hint: "give one of them a name",
      });
    }
    names.add(name);
  }
  return problems;
}

/** The top-level directory it takes; undefined when what it is made from is not text. */
export function companionName(companion: NamedCompanion, directory: string): string | undefined {
  const { name, python, npm, path: location } = companion;
  if (typeof name === "string") return name;
  if (typeof python === "string") return python;
  if (typeof npm === "string") return npm.split("/").at(-1);
  if (typeof location !== "string") return undefined;
  return path.basename(path.isAbsolute(location) ? location : path.join(directory, location));
}

interface NamedCompanion {
  readonly name?: unknown;
  readonly python?: unknown;
  readonly npm?: unknown;
  readonly path?: unknown;
}
