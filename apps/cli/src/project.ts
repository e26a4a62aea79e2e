import { existsSync } from "node:fs";
import path from "node:path";

import type { ProjectConfig } from "@slipway/config";

import { homeDirectory } from "./compose.ts";
import type { Context } from "./context.ts";

/** The project's settings for the directory the command runs in. */
export async function loadProject(context: Context): Promise<ProjectConfig> {
  const { findProject } = await import("@slipway/config/light");
  const { cwd, signal } = context;
  const { config } = await findProject({ cwd, root: repositoryTop(cwd), home: homeDirectory(context), signal });
  return config;
}

/** The nearest directory upwards with a `.git`, where a project file is looked for; the packager asks git itself. */
export function repositoryTop(cwd: string): string | undefined {
  for (let directory = cwd; ; directory = path.dirname(directory)) {
    if (existsSync(path.join(directory, ".git"))) return directory;
    if (directory === path.dirname(directory)) return undefined;
  }
}
