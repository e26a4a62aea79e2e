import type { ConfigDocument } from "./document.ts";
import { parseWarning } from "./job-text.ts";
import type { Path, Problem } from "./problem.ts";
import { isReadBy, parseDuration } from "./units.ts";

/** A warning must come before its time limit, by less than the whole of it: told where the job says one of the two, else once at the defaults. */
export function checkWarnings(document: ConfigDocument, jobs: readonly string[]): readonly Problem[] {
  const problems = new Map<string, Problem>();
  for (const job of jobs) {
    const warning = find(document, job, "warning");
    const time = find(document, job, "time");
    if (!warning || !time || !isReadBy(secondsOf, warning.text) || !isReadBy(parseDuration, time.text)) continue;
    if (secondsOf(warning.text) < parseDuration(time.text)) continue;
    const { path } = warning.path[0] === "defaults" ? time : warning;
    const message = `the warning ${warning.text} would come before the start: the time limit is ${time.text}`;
    problems.set(path.join("."), { path, message });
  }
  return [...problems.values()];
}

interface Place {
  readonly path: Path;
  readonly text: string;
}

function find(document: ConfigDocument, job: string, key: string): Place | undefined {
  return [
    ["jobs", job, key],
    ["defaults", key],
  ].flatMap((path): readonly Place[] => {
    const text = document.text(path);
    return text === undefined ? [] : [{ path, text }];
  })[0];
}

const secondsOf = (text: string) => parseWarning(text).secondsBefore;
