// node generate-options.mjs FACTS.json: writes src/slurm/options.generated.ts from facts about sbatch's options, one object each
// { name, arg, type, grammar, since, until, env }, as Slurm's own option tables of each release give them.
import { readFile, writeFile } from "node:fs/promises";
import process from "node:process";

const [, , input] = process.argv;
if (input === undefined) throw new Error("Name the file with the facts");
const { sbatchOptions } = JSON.parse(await readFile(input, "utf8"));

const rows = sbatchOptions.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(toRow);
const text = `// Made by generate-options.mjs; not to be edited.
import type { SlurmOptionFacts } from "./options.ts";

export const optionTable: readonly SlurmOptionFacts[] = [
${rows.map((row) => `  ${renderRow(row)},\n`).join("")}];
`;
await writeFile(new URL("src/slurm/options.generated.ts", import.meta.url), text);

function toRow({ name, arg, type, grammar, since, until, env }) {
  const least = /^>(=?)0$/.exec(grammar);
  return {
    name,
    type,
    ...(arg !== "required" && { argument: arg }),
    ...(/enum|optional-list/.test(type) && { values: grammar.split(/[|,]/).filter((value) => !/^\(|^n$/.test(value)) }),
    ...(least && { least: least[1] === "=" ? 0 : 1 }),
    ...(since && { since }),
    ...(until && { until }),
    ...(env.length > 0 && { variables: env }),
  };
}

function renderRow(row) {
  const fields = Object.entries(row).map(
    ([key, value]) => `${key}: ${JSON.stringify(value).replaceAll('","', '", "')}`,
  );
  return `{ ${fields.join(", ")} }`;
}
