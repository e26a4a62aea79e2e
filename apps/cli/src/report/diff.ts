import { quoteCommand, stripControlCharacters } from "@slipway/core";

import type { CodeDifference, JobDifference, NameDifferences, RunDifference } from "../code/compare.ts";

/** For people: only what differs. */
export function renderDiff({ experiments: [before, after], code, jobs }: RunDifference): string {
  const lines = [`${before} → ${after}`, ...codeLines(code), ...jobs.flatMap(jobLines)];
  if (jobs.length === 0) lines.push("jobs    the same");
  return `${lines.map(stripControlCharacters).join("\n")}\n`;
}

function codeLines({ same, digests: [before, after], commits, files, gone }: CodeDifference): readonly string[] {
  if (same) return [`code    the same (${before.slice(0, 12)})`];
  const lines = [`code    ${before.slice(0, 12)} → ${after.slice(0, 12)}`];
  const [old, now] = commits.map((commit) => commit?.slice(0, 10) ?? "none");
  if (old !== now) lines.push(`commit  ${old} → ${now}`);
  if (gone !== undefined) lines.push(`        the files cannot be compared: ${gone}`);
  return files ? [...lines, ...nameLines(files)] : lines;
}

function nameLines({ added, removed, changed }: NameDifferences): readonly string[] {
  return [
    ...added.map((name) => `  + ${name}`),
    ...removed.map((name) => `  - ${name}`),
    ...changed.map((name) => `  ~ ${name}`),
  ];
}

function jobLines({ names: [before, after], differences, env, secrets }: JobDifference): readonly string[] {
  if (before === null) return [`job     + ${after}`];
  if (after === null) return [`job     - ${before}`];
  return [
    `job     ${before === after ? before : `${before} → ${after}`}`,
    ...Object.entries(differences).map(([key, [old, now]]) => `  ${key}: ${valueText(old)} → ${valueText(now)}`),
    ...nameLines(env).map((line) => `${line} (variable)`),
    ...nameLines(secrets).map((line) => `${line} (secret)`),
  ];
}

function valueText(value: unknown): string {
  if (value === null) return "–";
  if (typeof value === "object" && "kind" in value) {
    if ("argv" in value && Array.isArray(value.argv)) return quoteCommand(value.argv.map(String));
    if ("lines" in value && Array.isArray(value.lines)) return value.lines.join("; ");
  }
  return typeof value === "string" ? value : JSON.stringify(value);
}
