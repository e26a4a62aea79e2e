import type { PackagedCode } from "@slipway/packager";
import { InvalidArgumentError } from "commander";

import { CliError } from "./error.ts";

/** Reads an option's value as a whole number, or says what was expected. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least) return value;
    throw new InvalidArgumentError(`Expected a whole number of at least ${least}.`);
  };
}

/** Reads `--code`: the tracked files as they lie on disk, or the tree of a commit. */
export function codeChoice(text: string): PackagedCode {
  const [, ref] = /^commit(?:=(.+))?$/.exec(text) ?? [];
  if (text === "tracked") return { kind: "tracked" };
  if (text === "commit" || ref !== undefined) return { kind: "commit", ref };
  throw new InvalidArgumentError("Expected tracked, commit or commit=REF.");
}

/** Collects an option that may be given several times. */
export function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}

interface Ways {
  readonly follow?: true | undefined;
  readonly wait?: true | undefined;
  readonly detach?: true | undefined;
}

/** Throws CLI_USAGE for more than one of `--follow`, `--wait` and `--detach`. */
export function assertOneWay({ follow, wait, detach }: Ways): void {
  if ([follow, wait, detach].filter(Boolean).length <= 1) return;
  throw new CliError("CLI_USAGE", "--follow, --wait and --detach exclude each other", {
    hint: "Leave all but one out",
  });
}
