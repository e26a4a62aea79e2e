import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

import SSHConfig, { LineType } from "ssh-config";
import type { Directive, Line, Section } from "ssh-config";

import { SshError } from "../error.ts";
import { matchesPatterns } from "../known-hosts.ts";
import type { ConfigValues, HostConfigFacts } from "./host-config.ts";

const accumulating = new Set(["identityfile", "certificatefile"]);
const includeDepthLimit = 16;

interface Evaluation {
  readonly facts: HostConfigFacts;
  readonly values: Map<string, string[]>;
}

/**
 * Reads ssh_config where there is no `ssh` to ask: the first value counts, Include, Host, and Match without `exec`, which
 * is never run and never matches. Source: ssh_config(5).
 */
export async function evaluateConfigFiles(facts: HostConfigFacts, configFile?: string): Promise<ConfigValues> {
  const evaluation: Evaluation = { facts, values: new Map() };
  const files = configFile === undefined ? [`${facts.home}/.ssh/config`, "/etc/ssh/ssh_config"] : [configFile];
  for (const file of files) await evaluateFile(file, evaluation, 0);
  return evaluation.values;
}

async function evaluateFile(file: string, evaluation: Evaluation, depth: number): Promise<void> {
  if (depth > includeDepthLimit) {
    throw new SshError("SSH_CONFIG_INVALID", `${file}: Include is nested more than ${includeDepthLimit} deep`);
  }
  const text = await readIfThere(file);
  if (text !== undefined) await evaluateLines(parse(text, file), file, evaluation, depth);
}

async function evaluateLines(
  lines: Iterable<Line>,
  file: string,
  evaluation: Evaluation,
  depth: number,
): Promise<void> {
  for (const line of lines) {
    if (line.type !== LineType.DIRECTIVE) continue;
    const keyword = line.param.toLowerCase();
    if ("config" in line) {
      if (isMatching(line, evaluation)) await evaluateLines(line.config, file, evaluation, depth);
    } else if (keyword === "include") {
      for (const pattern of wordsOf(line.value)) {
        for (const included of await filesOf(pattern, file, evaluation.facts)) {
          await evaluateFile(included, evaluation, depth + 1);
        }
      }
    } else set(keyword, line, evaluation);
  }
}

function set(keyword: string, { value }: Directive, { values }: Evaluation): void {
  const isList = keyword === "userknownhostsfile" || keyword === "globalknownhostsfile";
  const items = isList ? wordsOf(value) : [typeof value === "string" ? value : wordsOf(value).join(" ")];
  const before = values.get(keyword);
  if (before && !accumulating.has(keyword)) return;
  values.set(keyword, [...(before ?? []), ...items]);
}

function isMatching(section: Section, { facts, values }: Evaluation): boolean {
  if (section.param.toLowerCase() === "host") return matchesPatterns(wordsOf(section.value).join(","), facts.alias);
  if (!("criteria" in section)) return false;
  const criteria = Object.entries(section.criteria as Readonly<Record<string, Directive["value"]>>);
  const hostName = values.get("hostname")?.[0]?.replaceAll("%h", facts.alias) ?? facts.alias;
  const user = facts.user ?? values.get("user")?.[0] ?? facts.localUser;
  return criteria.every(([criterion, value]) => {
    const patterns = wordsOf(value).join(",");
    switch (criterion.toLowerCase()) {
      case "all":
        return true;
      case "host":
        return matchesPatterns(patterns, hostName.toLowerCase());
      case "originalhost":
        return matchesPatterns(patterns, facts.alias.toLowerCase());
      case "user":
        return matchesPatterns(patterns, user.toLowerCase());
      case "localuser":
        return matchesPatterns(patterns, facts.localUser.toLowerCase());
      default:
        return false; // `exec` would run a command, `final` and `canonical` ask for a second pass.
    }
  });
}

function wordsOf(value: Directive["value"]): readonly string[] {
  return typeof value === "string" ? value.split(/[ \t]+/).filter(Boolean) : value.map(({ val }) => val);
}

/** Relative to ~/.ssh in a user's file, to /etc/ssh in the system's; sorted, as glob(7) does. */
async function filesOf(pattern: string, file: string, { home }: HostConfigFacts): Promise<readonly string[]> {
  const inHome = pattern.replace(/^~(?=\/)/, home);
  const base = file.startsWith("/etc/ssh/") ? "/etc/ssh" : `${home}/.ssh`;
  const absolute = path.resolve(base, inHome);
  if (!/[*?]/.test(absolute)) return [absolute];
  const folder = path.dirname(absolute);
  const names = await readdir(folder).catch(() => []); // As for ssh, what is not there includes nothing.
  return names
    .filter((name) => !name.startsWith(".") && matchesPatterns(path.basename(absolute), name.toLowerCase()))
    .toSorted()
    .map((name) => path.join(folder, name));
}

function parse(text: string, file: string): Iterable<Line> {
  try {
    return SSHConfig.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? `: ${cause.message}` : "";
    throw new SshError("SSH_CONFIG_INVALID", `Cannot read ${file}${why}`, { cause });
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "EISDIR"))
      return undefined;
    throw new SshError("SSH_CONFIG_INVALID", `Cannot read ${file}`, { cause: error });
  }
}
