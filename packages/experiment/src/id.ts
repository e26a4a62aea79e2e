import { randomInt } from "node:crypto";

/** No vowels and nothing that is easily taken for something else. */
const alphabet = "bcdfghjkmnpqrstvwxz23456789";

/** `<name>-<6 random characters>`, such as `lr-sweep-x7k2m9`: short to type, safe as a file name, in a shell and in Slurm. */
export function createExperimentId(name: string, random: (below: number) => number = randomInt): string {
  const suffix = Array.from({ length: 6 }, () => alphabet[random(alphabet.length)]).join("");
  return `${slug(name)}-${suffix}`;
}

function slug(name: string): string {
  const safe = name
    .normalize("NFKD")
    .replaceAll(/[^A-Za-z0-9_.-]+/g, "-")
    .replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "");
  return safe.slice(0, 40) || "experiment";
}
