import path from "node:path";

import { Command } from "@commander-js/extra-typings";

import type { Context } from "../context.ts";
import { CliError } from "../error.ts";
import { assertClean, describeBundle, packageOptions } from "../packaging.ts";
import type { PackagingChoice } from "../packaging.ts";
import { loadProject } from "../project.ts";
import { withProgress } from "../report/progress.ts";
import { codeChoice, collect } from "../values.ts";

export function packageCommand(context: Context) {
  return new Command("package")
    .description("show what would be shipped from here, or write it to a file")
    .option("--list", "list the files that would be shipped")
    .option("--explain", "list every path with the rule that put it in or kept it out")
    .option("--out <F.tar.gz>", "write the archive")
    .option("--include <GLOB>", "add untracked or ignored files (repeatable)", collect)
    .option(
      "--code <WHICH>",
      "tracked (files as they lie on disk), commit or commit=REF (default: tracked)",
      codeChoice,
    )
    .option("--allow-dirty", "with --code commit: changes stay behind")
    .option("--require-clean", "refuse code that differs from its commit")
    .option("--allow-secret <GLOB>", "ship files although they look as if they held secrets (repeatable)", collect)
    .option("--json", "print one JSON document")
    .action(async ({ list, explain, out, include, allowSecret, code, allowDirty, requireClean, json }) => {
      if (out !== undefined && !/\.(tar\.gz|tgz)$/.test(out)) {
        throw new CliError(
          "CLI_USAGE",
          `--out writes a .tar.gz file, and ${JSON.stringify(out)} is not named like one`,
          {
            hint: `Say --out ${out}.tar.gz`,
          },
        );
      }
      const choice: PackagingChoice = {
        project: await loadProject(context),
        include,
        allowSecrets: allowSecret,
        code,
        allowDirty,
        requireClean,
      };
      if (explain && !json && out === undefined) return explainPackage(choice, context);
      const { packBundle, writeArchive } = await import("@slipway/packager");
      const bundle = await withProgress("packaging", context, async () => {
        const packed = await packBundle(packageOptions(choice, context));
        await assertClean(packed, choice);
        if (out !== undefined) await writeArchive(packed, path.resolve(context.cwd, out), { signal: context.signal });
        return packed;
      });
      const { printPackage, renderList, renderExplanation } = await import("../report/package.ts");
      if (json) return printPackage(bundle, context);
      if (explain) context.stdout.write(await renderExplanation(bundle.listing));
      else if (list) context.stdout.write(renderList(bundle));
      context.stderr.write(describeBundle(bundle));
    });
}

/** Needs no content, so it also works where packing is refused: that is when it is asked. */
async function explainPackage(choice: PackagingChoice, context: Context): Promise<void> {
  const { listFiles } = await import("@slipway/packager");
  const { renderExplanation } = await import("../report/package.ts");
  context.stdout.write(await renderExplanation(await listFiles(packageOptions(choice, context))));
}
