import { optionText } from "./directives.ts";
import type { SlurmOptions } from "./directives.ts";
import type { SlurmOptionProblem } from "./options.ts";
import { isEarlier } from "./release.ts";

/** Of each set, sbatch takes one. Source: sbatch(1), and src/common/slurm_opt.c, which refuses them. */
const exclusiveSets: readonly (readonly string[])[] = [
  ["mem", "mem-per-cpu", "mem-per-gpu"],
  ["exclusive", "oversubscribe"],
  ["core-spec", "thread-spec"],
  ["cpus-per-task", "cpus-per-gpu"],
  ["ntasks-per-gpu", "gpus-per-task"],
  ["ntasks-per-gpu", "gpus-per-socket"],
  ["ntasks-per-gpu", "ntasks-per-node"],
  ["hint", "extra-node-info"],
  ["hint", "threads-per-core"],
  ["hint", "ntasks-per-core"],
  ["bb", "bbf"],
];

/** Options of a request that sbatch does not take together. */
export function exclusiveProblems(
  options: SlurmOptions,
  slurmVersion: string | undefined,
): readonly SlurmOptionProblem[] {
  const isGiven = (name: string) => options[name] !== undefined && options[name] !== false;
  const problems = exclusiveSets.flatMap((set): readonly SlurmOptionProblem[] => {
    const [first, ...others] = set.filter(isGiven);
    return first === undefined
      ? []
      : others.map((option) => ({
          option,
          message: `${option} and ${first} cannot be asked for together`,
          hint: "Leave one out",
        }));
  });
  const { gres } = options;
  const asksTwice = gres !== undefined && /(?:^|,)gpu\b/.test(optionText(gres)) && isGiven("gpus-per-node");
  if (!asksTwice || slurmVersion === undefined || isEarlier(slurmVersion, "26.05")) return problems;
  return [
    ...problems,
    { option: "gres", message: "gres=gpu and gpus-per-node cannot be asked for together", hint: "Leave one out" },
  ];
}
