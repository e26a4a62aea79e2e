import { readFile } from "node:fs/promises";
import path from "node:path";

import { isKeptByShell } from "@slipway/sbatch";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { openBench, shells } from "./bench.ts";

const oddCharacters = Array.from("'\"\\$`!*?[]{}()<>|&;#~=%-\n\r\t a\u0081\u0088\u00ffé💥");
const text = fc
  .oneof(
    fc.string({ unit: "binary", maxLength: 40 }).map((each) => each.replaceAll("\0", "")),
    fc.string({ unit: fc.constantFrom(...oddCharacters), maxLength: 20 }),
  )
  .filter((each) => Buffer.from(each).toString() === each);
const name = fc
  .stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,20}$/)
  .filter((each) => !isKeptByShell(each) && !ofTheLoader.test(each));
const ofTheLoader = /^(?:LD_|LC_|LANG|MALLOC|GCONV|PERL|PATH$|TZ|SLIPWAY_)/;

describe.concurrent.each(shells)("with $name", ({ program }) => {
  test("arguments, variables and secrets arrive byte for byte, whatever they are", { timeout: 240_000 }, async () => {
    await using bench = await openBench(program);
    let run = 0;
    const variables = fc.dictionary(name, text, { maxKeys: 4 });
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 6 }), variables, variables, async (args, env, secrets) => {
        const { runDir } = await bench.run({
          name: `job-${run++}`,
          argv: [
            "sh",
            "-c",
            String.raw`printf '%s\0' "$@"; cat /proc/self/environ >"$SLIPWAY_RUN_DIR/environ"`,
            "sh",
            ...args,
          ],
          env,
          secrets,
        });
        const log = await readFile(path.join(runDir, "attempt-1.log"), "utf8");
        const environ = await readFile(path.join(runDir, "run", "environ"), "utf8");
        // With no argument, printf prints its format once.
        expect(log.split("\0")).toEqual([...(args.length === 0 ? [""] : args), ""]);
        expect(environ.split("\0")).toEqual(
          expect.arrayContaining(Object.entries({ ...env, ...secrets }).map((pair) => pair.join("="))),
        );
      }),
      { numRuns: 40 },
    );
  });
});
