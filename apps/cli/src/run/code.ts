import path from "node:path";

import type { ProjectConfig } from "@slipway/config";
import type { Bundle } from "@slipway/core";
import type { Listing, PackagedCode } from "@slipway/packager";

import type { ClusterReference } from "../code/find.ts";
import type { Context } from "../context.ts";
import { CliError } from "../error.ts";
import { packForUser } from "../packaging.ts";
import { printInTurn } from "../report/turns.ts";

/** The options of `run` that say which code. */
export interface CodeOptions {
  readonly include?: readonly string[] | undefined;
  readonly allowSecret?: readonly string[] | undefined;
  readonly code?: PackagedCode | undefined;
  readonly allowDirty?: true | undefined;
  readonly requireClean?: true | undefined;
  /** An earlier experiment whose exact code is used, in place of packaging. */
  readonly reuseCode?: string | undefined;
  /** Where that is used. */
  readonly onto?: ClusterReference | undefined;
}

export interface RunCode extends AsyncDisposable {
  readonly bundle: Bundle;
}

/** Packs the code as it is here, or finds that of an earlier run. */
export async function openCode(options: CodeOptions, project: ProjectConfig, context: Context): Promise<RunCode> {
  if (options.reuseCode !== undefined) {
    refusePackaging(options);
    const { reuseCode } = await import("../code/reuse.ts");
    return reuseCode(options.reuseCode, context, options.onto);
  }
  const choice = { ...options, project, allowSecrets: options.allowSecret };
  const bundle = await printInTurn(context.stderr, () => packForUser(choice, context));
  tellWorkingDirectory(bundle.listing, context);
  return { bundle, async [Symbol.asyncDispose]() {} };
}

const packagingOptions = {
  include: "--include",
  allowSecret: "--allow-secret",
  code: "--code",
  allowDirty: "--allow-dirty",
  requireClean: "--require-clean",
} as const;

function refusePackaging(options: CodeOptions): void {
  const names = Object.entries(packagingOptions).filter(([key]) => key in options);
  if (names.length === 0) return;
  throw new CliError(
    "CLI_USAGE",
    `--reuse-code packages nothing: ${names.map(([, name]) => name).join(", ")} has no meaning`,
    {
      hint: "Leave it out, or leave --reuse-code out",
    },
  );
}

/** A job begins at the top of the code; somebody who stands below it may expect otherwise. */
function tellWorkingDirectory({ root, rule }: Listing, { cwd, stderr }: Context): void {
  const below = path.relative(root, cwd);
  if (rule !== 3 && below !== "") stderr.write(`note: a job begins at the top of the code, not in ${below}\n`);
}
