import { access, constants, readdir, stat } from "node:fs/promises";
import path from "node:path";

import { nearest } from "@slipway/core";
import type { JobPlan } from "@slipway/core";
import { commandWords } from "@slipway/sbatch";

import { isErrno } from "./errno.ts";
import { LocalExecutorError } from "./error.ts";

/** Throws EXECUTOR_COMMAND_NOT_FOUND when the job's program is not there or may not be executed. */
export async function assertCommandExists(
  plan: JobPlan,
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const { job } = plan;
  const { name, command, group, array } = job;
  const commands = group
    ? group.map((member) => ({ command: member.command, PATH: member.env["PATH"] ?? job.env["PATH"] }))
    : [command, ...Object.values(array?.elements ?? {}).map((element) => element.command)].map((each) => ({
        command: each,
        PATH: job.env["PATH"],
      }));
  const programs = new Map(
    commands.map(({ command: each, PATH }) => [commandWords({ name, command: each })[0] ?? "", PATH]),
  );
  for (const [program, searchPath] of programs) {
    if (program.includes("/")) await assertFile(plan, program);
    else await assertOnPath(plan, program, searchPath ?? env["PATH"] ?? defaultPath);
  }
}

/** Source: POSIX leaves it open; what the C libraries search when PATH is not set: execvp(3). */
const defaultPath = "/bin:/usr/bin";

async function assertFile(plan: JobPlan, program: string): Promise<void> {
  const isOfTheCode = !path.isAbsolute(program);
  if (!isOfTheCode && plan.job.needs.length > 0) return; // A job before it may make it.
  const file = path.resolve(plan.code.directory, program);
  const kind = await lookAt(file);
  if (kind === "executable") return;
  if (kind === "file") {
    const mend = isOfTheCode
      ? `chmod +x ${program}, and commit it if git does not know the mode`
      : `chmod +x ${program}`;
    throw notFound(plan, `${program} is not executable`, `${mend}; or name the program that reads it`);
  }
  const names = isOfTheCode ? await filesOf(plan.code.directory) : [];
  const similar = nearest(path.normalize(program), names);
  throw notFound(
    plan,
    `${program} is ${kind === "directory" ? "a directory" : isOfTheCode ? "not among the packaged files" : "not there"}`,
    similar !== undefined
      ? `Did you mean ./${similar}?`
      : "A file that git does not track is not packaged: git add it, or include it",
  );
}

async function assertOnPath(plan: JobPlan, program: string, searchPath: string): Promise<void> {
  const directories = searchPath.split(":").map((name) => path.resolve(plan.code.directory, name));
  for (const directory of directories) {
    if ((await lookAt(path.join(directory, program))) === "executable") return;
  }
  const isPackaged = (await lookAt(path.join(plan.code.directory, program))) !== "nothing";
  const similar = nearest(program, (await Promise.all(directories.map(namesIn))).flat());
  throw notFound(
    plan,
    `${program} is not on the job's PATH`,
    isPackaged
      ? `It is one of the packaged files: write ./${program}`
      : similar !== undefined
        ? `Did you mean ${similar}?`
        : `Install it, or set PATH for the job; it is ${searchPath}`,
  );
}

function notFound({ job }: JobPlan, what: string, hint: string): LocalExecutorError {
  return new LocalExecutorError("EXECUTOR_COMMAND_NOT_FOUND", `The command of job ${job.name} cannot run: ${what}`, {
    hint,
  });
}

type Kind = "executable" | "file" | "directory" | "nothing";

async function lookAt(file: string): Promise<Kind> {
  try {
    const found = await stat(file);
    if (found.isDirectory()) return "directory";
    await access(file, constants.X_OK);
    return "executable";
  } catch (error) {
    if (isErrno(error, "EACCES")) return "file";
    if (isErrno(error, "ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG")) return "nothing";
    throw error;
  }
}

async function namesIn(directory: string): Promise<readonly string[]> {
  return readdir(directory).catch(() => []); // Only for the hint.
}

const mostNames = 20_000;

/** Files of the code, for the hint alone. */
async function filesOf(directory: string): Promise<readonly string[]> {
  const names: string[] = [];
  const folders = [""];
  for (let folder = folders.pop(); folder !== undefined && names.length < mostNames; folder = folders.pop()) {
    const entries = await readdir(path.join(directory, folder), { withFileTypes: true }).catch(() => []);
    for (const entry of entries) (entry.isDirectory() ? folders : names).push(path.join(folder, entry.name));
  }
  return names;
}
