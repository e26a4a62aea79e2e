import { stripControlCharacters } from "@slipway/core";

import { formatBytes, formatDuration, paint } from "../report/text.ts";

/** One thing that a run needs. */
export interface Check {
  readonly what: string;
  readonly result: "right" | "doubtful" | "wrong";
  /** What was seen. */
  readonly seen: string;
  readonly mend?: string;
}

/** What one host said of itself; absent is what could not be learned. */
export interface HostFacts {
  /** Tools by name, with their first line of `--version`; empty text for one that only is there. */
  readonly tools: Readonly<Record<string, string>>;
  readonly directory: {
    readonly path: string;
    readonly isWritable: boolean;
    readonly freeBytes?: number;
    readonly freeInodes?: number;
  };
  /** Seconds that the host's clock is ahead of this one's. */
  readonly clockAheadSeconds?: number;
}

export interface SlurmFacts {
  readonly version?: string;
  readonly controller: "up" | "down" | "unknown";
  readonly partitions: readonly string[];
  /** Absent when nobody was there to tell. */
  readonly accounting?: boolean;
}

const necessary = ["sh", "tar", "find", "sed", "grep", "gzip"] as const;
const oneOf = [
  { what: "a checksum tool", tools: ["sha256sum", "shasum"], mend: "Install coreutils (sha256sum) there" },
  { what: "an exact runner of commands", tools: ["perl", "python3", "setsid"], mend: "Install perl or python3 there" },
] as const;

export function judgeHost({ tools, directory, clockAheadSeconds }: HostFacts): readonly Check[] {
  const missing = necessary.filter((tool) => tools[tool] === undefined);
  const checks: Check[] = [
    missing.length === 0
      ? { what: "tools", result: "right", seen: necessary.join(", ") }
      : {
          what: "tools",
          result: "wrong",
          seen: `missing: ${missing.join(", ")}`,
          mend: "Install them, or set pre_command so that they are found",
        },
  ];
  for (const { what, tools: names, mend } of oneOf) {
    const found = names.find((name) => tools[name] !== undefined);
    checks.push(
      found === undefined
        ? { what, result: "wrong", seen: `none of ${names.join(", ")}`, mend }
        : { what, result: "right", seen: found },
    );
  }
  checks.push(judgeDirectory(directory));
  if (clockAheadSeconds !== undefined) checks.push(judgeClock(clockAheadSeconds));
  return checks;
}

function judgeDirectory({ path, isWritable, freeBytes, freeInodes }: HostFacts["directory"]): Check {
  const what = "job_dir";
  if (!isWritable)
    return { what, result: "wrong", seen: `${path} is not writable`, mend: `Make it yours, or choose another job_dir` };
  const space = freeBytes === undefined ? "" : `, ${formatBytes(freeBytes)} free`;
  const inodes = freeInodes === undefined ? "" : `, ${freeInodes} inodes free`;
  const isTight = (freeBytes ?? Infinity) < 1e9 || (freeInodes ?? Infinity) < 10_000;
  const seen = `${path} is writable${space}${inodes}`;
  return isTight
    ? { what, result: "doubtful", seen, mend: "Free some space there before long" }
    : { what, result: "right", seen };
}

function judgeClock(aheadSeconds: number): Check {
  const seen =
    aheadSeconds === 0
      ? "as here"
      : `${formatDuration(Math.abs(aheadSeconds) * 1000)} ${aheadSeconds > 0 ? "ahead" : "behind"}`;
  return Math.abs(aheadSeconds) <= 60
    ? { what: "clock", result: "right", seen }
    : {
        what: "clock",
        result: "doubtful",
        seen,
        mend: "Times of jobs will look wrong: set one of the clocks right (NTP)",
      };
}

export interface SlurmWishes {
  readonly account?: string | undefined;
  readonly partition?: string | undefined;
}

export function judgeSlurm(
  { version, controller, partitions, accounting }: SlurmFacts,
  { partition }: SlurmWishes,
): readonly Check[] {
  if (version === undefined) {
    return [
      {
        what: "Slurm",
        result: "wrong",
        seen: "no sbatch there",
        mend: "Is it a login node? Set pre_command: module load slurm",
      },
    ];
  }
  if (!/^slurm\S* \d/.test(version)) {
    return [
      {
        what: "Slurm",
        result: "wrong",
        seen: `sbatch does not run there: ${version}`,
        mend: "Is it a login node? Name one with ssh_tunnel.host, or set pre_command: export SLURM_CONF=/path",
      },
    ];
  }
  const checks: Check[] = [{ what: "Slurm", result: "right", seen: version }];
  checks.push(
    controller === "up"
      ? { what: "controller", result: "right", seen: "answers" }
      : {
          what: "controller",
          result: "wrong",
          seen: controller,
          mend: "Nothing can be submitted now; queued and running jobs go on",
        },
  );
  if (partition !== undefined && controller === "up") {
    checks.push(
      partitions.includes(partition)
        ? { what: "partition", result: "right", seen: partition }
        : {
            what: "partition",
            result: "wrong",
            seen: `there is no ${partition}`,
            mend: `Partitions are: ${partitions.join(", ")}`,
          },
    );
  }
  if (accounting === undefined) return checks;
  checks.push({
    what: "accounting",
    result: "right",
    seen: accounting ? "sacct answers" : "none: states rest on the jobs' own evidence and squeue",
  });
  return checks;
}

const marks = { right: ["✓", "green"], doubtful: ["!", "yellow"], wrong: ["✗", "red"] } as const;

export function renderChecks(checks: readonly Check[], color: boolean): string {
  const width = Math.max(...checks.map(({ what }) => what.length));
  return checks
    .map(({ what, result, seen, mend }) => {
      const [mark, style] = marks[result];
      const line = `${paint(mark, style, color)} ${what.padEnd(width)}  ${stripControlCharacters(seen)}\n`;
      return mend === undefined ? line : `${line}  ${" ".repeat(width)}  → ${mend}\n`;
    })
    .join("");
}
