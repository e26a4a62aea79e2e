import { readFile } from "node:fs/promises";
import path from "node:path";

import { expect, test } from "vitest";

const root = path.resolve(import.meta.dirname, "../../..");

test("every test that docs/known-defects.md names is there", async () => {
  const text = await readFile(path.join(root, "docs/known-defects.md"), "utf8");
  const rows = text.split("\n").flatMap((line) => {
    const [, defect, title, file] = /^\| ([LSC]\d+ [^|]*?) *\| ([^|]+?) *\| (\S+) *\|$/.exec(line) ?? [];
    return defect === undefined || title === undefined || file === undefined ? [] : [{ defect, title, file }];
  });
  expect(rows.length).toBeGreaterThan(40);
  const missing = [];
  for (const { defect, title, file } of rows) {
    const source = await readFile(path.join(root, file), "utf8").catch(() => "");
    if (!source.includes(title)) missing.push(`${defect}: ${title} (${file})`);
  }
  expect(missing).toEqual([]);
});
