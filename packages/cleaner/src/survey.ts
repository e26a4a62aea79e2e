import { sectionOf } from "./host.ts";
import type { Section } from "./host.ts";
import type { Inventory, RunSeen } from "./inventory.ts";

/** What the survey tells of the run directories. */
export function readSurvey(sections: readonly Section[]): Pick<Inventory, "runs" | "unfinishedRuns"> {
  const nowSeconds = Number(sectionOf(sections, "NOW")?.rest.split(" ")[0]);
  const lines = (word: string) => sectionOf(sections, word)?.lines ?? [];
  const ages = (word: string) => readAges(lines(word), nowSeconds);
  const made = ages("MADE");
  return {
    runs: lines("LINKS").flatMap((line) => readRun(line, made)),
    unfinishedRuns: [...ages("UNFINISHED")].map(([path, ageSeconds]) => ({ path, ageSeconds })),
  };
}

/** Lines `<seconds since 1970> <path>`. A file server's clock may be ahead. */
function readAges(lines: readonly string[], nowSeconds: number): ReadonlyMap<string, number> {
  return new Map(
    lines.flatMap((line): readonly (readonly [string, number])[] => {
      const [, changed, path] = /^(\d+) ([\w./-]+)$/.exec(line) ?? [];
      return path === undefined ? [] : [[path, Math.max(0, nowSeconds - Number(changed))]];
    }),
  );
}

/** `ls -ldn` of a link. Source: POSIX.1-2017, XCU ls, "-l" and "-n": mode, links, owner's number, …, ` -> ` and what the link holds. */
const linkPattern =
  /^l\S* +\d+ +(\d+) .* runs\/([A-Za-z0-9][\w.-]*)\/([A-Za-z0-9][\w.-]*)\/code -> (?:.*\/)?store\/code\/([0-9a-f]{64}\.[A-Za-z0-9]{1,64})\/tree$/;
const otherPattern = /^\S+ +\d+ +(\d+) .* runs\/([A-Za-z0-9][\w.-]*)\/([A-Za-z0-9][\w.-]*)\/code(?: -> .*)?$/;

function readRun(line: string, made: ReadonlyMap<string, number>): readonly RunSeen[] {
  const [, owner, experiment, job, instance] = linkPattern.exec(line) ?? otherPattern.exec(line) ?? [];
  if (experiment === undefined || job === undefined) return [];
  const ageSeconds = made.get(`runs/${experiment}/${job}/code`) ?? 0;
  return [{ experiment, job, ageSeconds, userId: Number(owner), ...(instance !== undefined && { instance }) }];
}
