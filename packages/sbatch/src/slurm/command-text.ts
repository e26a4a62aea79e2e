import { quoteShell } from "@slipway/core";
import type { Job } from "@slipway/core";

import { assertPassable } from "../environment.ts";
import { SbatchError } from "../error.ts";
import { memberWords, stepWords } from "./command.ts";
import type { Container } from "./container.ts";
import type { GroupLayout, PlacedMember } from "./group.ts";
import { renderWords } from "./words.ts";

/** Lies beside the script when an array has more different commands than people want to read in it. */
export const elementsFile = "elements.sh";
const mostElementsInScript = 50;

export interface CommandTextOptions {
  readonly job: Job;
  readonly group: GroupLayout | undefined;
  readonly containerOf: (part: Pick<Job, "container" | "mounts" | "env" | "resources">) => Container | undefined;
  readonly srunFlags: readonly string[];
}

/** The command of a job, the commands of a group's members, or those of an array's elements, as shell text. */
export function renderCommandText(options: CommandTextOptions): string {
  const { job, group } = options;
  if (group)
    return `# The members' commands. Their variables are in the files env, env.MEMBER and secrets.
slipway_start_member() {
  case $1 in
${group.members.map((placed) => `  ${placed.member.name}) slipway_run ${renderMember(placed, options)} ;;\n`).join("")}  esac
}
`;
  const elements = job.array?.elements && renderElements(options);
  if (elements === undefined)
    return `# The command. Its variables are in the files env and secrets.
set -- ${renderWords(wordsOf(job, options))}
`;
  if (isShort(job))
    return `# The commands of the elements. Their other variables are in the files env and secrets.\n${elements}`;
  return `# The commands of the elements, in a file of their own. Their other variables are in the files env and secrets.
. ./${elementsFile}
`;
}

/** What `elements.sh` holds; undefined where the script itself has all commands. */
export function renderElementsFile(options: CommandTextOptions): string | undefined {
  const elements = isShort(options.job) ? undefined : renderElements(options);
  return elements && `# Which command each element of the array runs: job.sbatch reads this.\n${elements}`;
}

function isShort({ array }: Job): boolean {
  return (array?.indices.length ?? 0) <= mostElementsInScript;
}

function renderElements(options: CommandTextOptions): string | undefined {
  const { job } = options;
  const { indices, elements } = job.array ?? {};
  if (!indices || !elements) return undefined;
  const branches = indices.map((index) => {
    const { command = job.command, values = {} } = elements[String(index)] ?? {};
    const exports = matrixVariables(values).map(([name, value]) => `${name}=${quoteShell(value)}`);
    const words = renderWords(wordsOf({ ...job, command }, options));
    return `${index}) ${exports.length === 0 ? "" : `export ${exports.join(" ")}; `}set -- ${words} ;;\n`;
  });
  return `case $SLURM_ARRAY_TASK_ID in\n${branches.join("")}esac\n`;
}

/** `SLIPWAY_MATRIX_LR` for the key `lr`. */
export function matrixVariables(values: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  return Object.entries(values).map(([key, value]) => {
    assertPassable(value, `The value of ${key}`);
    return [`SLIPWAY_MATRIX_${key.toUpperCase().replaceAll(/[^A-Z0-9_]/g, "_")}`, value] as const;
  });
}

function wordsOf(job: Job, { containerOf, srunFlags }: CommandTextOptions) {
  return stepWords({ job, container: containerOf(job), srunFlags });
}

function renderMember({ member, resources, component }: PlacedMember, options: CommandTextOptions): string {
  const { job, group, containerOf, srunFlags } = options;
  if (job.launcher !== undefined && job.launcher !== "none") {
    throw new SbatchError("SBATCH_INVALID_VALUE", `The group ${job.name} has the launcher ${job.launcher}`, {
      hint: "Begin the member's own command with it",
    });
  }
  const part = {
    env: { ...job.env, ...member.env },
    resources,
    ...((member.container ?? job.container) === undefined
      ? {}
      : { container: member.container ?? job.container ?? "" }),
    mounts: [...(job.mounts ?? []), ...(member.mounts ?? [])],
  };
  const hetGroup = (group?.components.length ?? 1) > 1 ? component : undefined;
  const container = containerOf(part);
  return renderWords(
    memberWords({
      name: `${job.name}/${member.name}`,
      command: member.command,
      resources,
      container,
      hetGroup,
      srunFlags,
    }),
  );
}
