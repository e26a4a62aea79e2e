import type { Leftover, StoredInstance, StoredLease } from "@slipway/store";

import { sectionOf } from "./host.ts";
import type { Section } from "./host.ts";
import type { InstanceSeen, Inventory, LeftoverSeen, RunSeen } from "./inventory.ts";

interface Listed {
  readonly instances: readonly StoredInstance[];
  readonly leases: readonly StoredLease[];
  readonly leftovers: readonly Leftover[];
}

type Surveyed = Pick<Inventory, "instances" | "leftovers" | "runs" | "unfinishedRuns">;

/** Joins what the store lists with what the survey tells of it. */
export function readSurvey(sections: readonly Section[], { instances, leases, leftovers }: Listed): Surveyed {
  const nowSeconds = Number(sectionOf(sections, "NOW")?.rest.split(" ")[0]);
  const lines = (word: string) => sectionOf(sections, word)?.lines ?? [];
  const ages = (word: string) => readAges(lines(word), nowSeconds);
  const leasesOf = groupByInstance(leases);
  const idle = ages("IDLE");
  const headers = new Map(lines("TRASHED").map(splitHeader));
  const made = ages("MADE");
  return {
    instances: instances.map((instance): InstanceSeen => {
      const idleSeconds = idle.get(`store/code/${instance.instance}/L`);
      const own = leasesOf.get(instance.instance) ?? [];
      return { ...instance, leases: own, ...(idleSeconds !== undefined && { idleSeconds }) };
    }),
    leftovers: leftovers.map((leftover): LeftoverSeen => {
      const contents = headers.get(leftover.name);
      return { ...leftover, ...(contents && { contents }) };
    }),
    runs: lines("LINKS").flatMap((line) => readRun(line, made)),
    unfinishedRuns: [...ages("UNFINISHED")].map(([path, ageSeconds]) => ({ path, ageSeconds })),
  };
}

function groupByInstance(leases: readonly StoredLease[]): ReadonlyMap<string, readonly StoredLease[]> {
  const groups = new Map<string, StoredLease[]>();
  for (const lease of leases) {
    const group = groups.get(lease.instance);
    if (group) group.push(lease);
    else groups.set(lease.instance, [lease]);
  }
  return groups;
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

const headerPattern = /^(\S+) slipway-manifest 1 files=(\d+) symlinks=(\d+) directories=(\d+) bytes=(\d+)$/;

function splitHeader(line: string): readonly [string, StoredInstance["contents"] | undefined] {
  const [, name = "", ...numbers] = headerPattern.exec(line) ?? [];
  if (name === "") return ["", undefined];
  const [files = 0, symlinks = 0, directories = 0, bytes = 0] = numbers.map(Number);
  return [name, { files, symlinks, directories, bytes }];
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
