import type { CleaningPlan, CleaningResult, Inventory, Thing, ThingKind, Usage } from "@slipway/cleaner";
import { stripControlCharacters } from "@slipway/core";

import { count, formatBytes, renderTable } from "./text.ts";

interface Planned {
  readonly inventory: Pick<Inventory, "jobDir" | "host">;
  readonly plan: Readonly<Record<"remove" | "keep", readonly Thing[]>> & Pick<CleaningPlan, "errors">;
}

/** What would go; with `explain` every single thing, kept or removed, and why. */
export function renderPlan(
  { inventory, plan: { remove, keep, errors } }: Planned,
  { explain, dryRun }: { readonly explain: boolean; readonly dryRun: boolean },
): string {
  const where = `${inventory.jobDir}${inventory.host === "local" ? "" : ` on ${inventory.host}`}`;
  const lines = errors.map((error) => `${where}: ${stripControlCharacters(error)}; what jobs may need stays\n`);
  if (explain) {
    const row = (mark: string) => (thing: Thing) => [mark, ...cells(thing, inventory.jobDir)];
    lines.push(renderTable([...remove.map(row("goes")), ...keep.map(row("stays"))]));
  }
  const verb = dryRun ? "would go" : "to remove";
  lines.push(`${where}: ${verb}: ${summarize(remove)}; stays: ${summarize(keep)}\n`);
  return lines.join("");
}

export function renderCleaned({ removed, kept }: CleaningResult, cluster: string): string {
  const lines = [`${cluster}: removed ${summarize(removed)}\n`];
  if (removed.some(({ kind }) => kind === "code")) {
    lines.push("  code lies in the trash for a day, from where a run takes it back; its space is free after that\n");
  }
  for (const { path, why } of kept) lines.push(`  stays: ${path}: ${stripControlCharacters(why)}\n`);
  return lines.join("");
}

function cells({ kind, path, bytes, why }: Thing, jobDir: string): readonly string[] {
  const name = path.startsWith(`${jobDir}/`) ? path.slice(jobDir.length + 1) : path;
  return [kinds[kind][0], stripControlCharacters(shorten(name)), formatBytes(bytes), stripControlCharacters(why)];
}

/** A digest is known by its beginning. */
function shorten(name: string): string {
  return name.replace(/([0-9a-f]{12})[0-9a-f]{52}/, "$1…");
}

const kinds: Readonly<Record<ThingKind, readonly [one: string, many: string]>> = {
  lease: ["lease", "leases"],
  code: ["copy of code", "copies of code"],
  trash: ["trash", "copies in the trash"],
  upload: ["upload", "unfinished uploads"],
  remnant: ["remnant", "remnants"],
  run: ["run", "run directories"],
  "unfinished-run": ["half-made run", "half-made runs"],
  "nemo-code": ["copy of code", "copies of code"],
};

/** `3 copies of code, 1 lease (1.2 MB, 40 inodes)` */
function summarize(things: readonly Thing[]): string {
  if (things.length === 0) return "nothing";
  const amounts = new Map<ThingKind, number>();
  for (const { kind } of things) amounts.set(kind, (amounts.get(kind) ?? 0) + 1);
  const parts = [...amounts].map(([kind, amount]) => count(amount, kinds[kind][0], kinds[kind][1]));
  const bytes = things.reduce((sum, thing) => sum + thing.bytes, 0);
  const inodes = things.reduce((sum, thing) => sum + thing.inodes, 0);
  return `${parts.join(", ")} (${formatBytes(bytes)}, ${count(inodes, "inode")})`;
}

export function renderUsage(cluster: string, usage: Usage, jobDir: string): string {
  const { bytes, inodes, bundles, trash, experiments, projects } = usage;
  const rows = [
    ["", "BYTES", "INODES", "OF IT ALONE"],
    ...projects.map((each) => usageRow(each.project, each)),
    ...experiments.map((each) => usageRow(each.experiment, each)),
  ];
  const inTrash = trash.inodes === 0 ? "" : `, of it ${formatBytes(trash.bytes)} in the trash`;
  const head = `${cluster}: ${formatBytes(bytes)}, ${count(inodes, "inode")} in ${count(bundles, "copy", "copies")} of code below ${jobDir}${inTrash}\n`;
  return rows.length === 1 ? head : `${head}${renderTable(rows)}`;
}

function usageRow(name: string, { bytes, inodes, unique }: Usage["experiments"][number] | Usage["projects"][number]) {
  return [stripControlCharacters(name), formatBytes(bytes), String(inodes), formatBytes(unique.bytes)];
}
