import type { LiveRun, RunSeen } from "./inventory.ts";

/** What `runsListing` tells. */
export interface Survey {
  readonly runs: readonly RunSeen[];
  /** Half-made run directories, by their paths below the job_dir. */
  readonly unfinishedRuns: readonly { readonly path: string; readonly ageSeconds: number }[];
  /** Empty where nobody judged. */
  readonly live: readonly LiveRun[];
}

/** The lines below RUNS. Untrusted text of the other host: other lines are nobody's business. */
export function readSurvey(lines: readonly string[]): Survey {
  const runs: Draft<RunSeen>[] = [];
  const unfinishedRuns: { path: string; ageSeconds: number }[] = [];
  const alive: (readonly [run: string, state: string])[] = [];
  const findRun = finder(runs);
  for (const line of lines) {
    const run = parseRun(line);
    if (run) {
      runs.push(run);
      continue;
    }
    const [, word, first = "", second = ""] = detailPattern.exec(line) ?? [];
    if (word === "LIVE") {
      alive.push([second, first]);
    } else if (word === "AGE") {
      const aged = findRun(first);
      if (aged) aged.ageSeconds = ageOf(second);
    } else if (word === "UNFINISHED") {
      unfinishedRuns.push({ path: first, ageSeconds: ageOf(second) });
    }
  }
  const live = alive.map(([run, state]): LiveRun => {
    const { ageSeconds = 0, instance } = findRun(run) ?? {};
    const known = state === "alive" || state === "unstarted" ? state : "doubt";
    return { run, state: known, ageSeconds, ...(instance !== undefined && { instance }) };
  });
  return { runs, unfinishedRuns, live };
}

type Draft<T> = { -readonly [key in keyof T]: T[key] };

const runPattern =
  /^RUN ([A-Za-z0-9][\w.-]*)\/([A-Za-z0-9][\w.-]*) (-?\d*) (\d+) (?:(?:.*\/)?store\/code\/([0-9a-f]{64}\.[A-Za-z0-9]{1,64})\/tree$)?/;
const detailPattern = /^(LIVE|AGE|UNFINISHED) ([\w./-]+) ([\w./-]+)$/;

function parseRun(line: string): Draft<RunSeen> | undefined {
  const found = runPattern.exec(line);
  if (!found) return undefined;
  const [, experiment = "", job = "", age, owner, instance] = found;
  const run: Draft<RunSeen> = { experiment, job, ageSeconds: ageOf(age), userId: Number(owner) };
  if (instance !== undefined) run.instance = instance;
  return run;
}

/** By `<experiment>/<job>`; nobody may ask before the list is whole. */
function finder(runs: readonly Draft<RunSeen>[]): (run: string) => Draft<RunSeen> | undefined {
  let byName: ReadonlyMap<string, Draft<RunSeen>> | undefined;
  return (name) => {
    byName ??= new Map(runs.map((run) => [`${run.experiment}/${run.job}`, run]));
    return byName.get(name);
  };
}

/** A file server's clock may be ahead. `-`: it is not known yet. */
function ageOf(text = "-"): number {
  return text === "-" ? 0 : Math.max(0, Number(text));
}
