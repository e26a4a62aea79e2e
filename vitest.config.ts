import { readdirSync } from "node:fs";
import path from "node:path";

import { defineConfig } from "vitest/config";

const packages = path.join(import.meta.dirname, "packages");

export default defineConfig({
  resolve: {
    // Tests read the sources, so that a failing line is a line of ours; child processes run what was built.
    alias: readdirSync(packages).flatMap((name) => [
      { find: new RegExp(`^@slipway/${name}$`), replacement: path.join(packages, name, "src", "index.ts") },
      { find: new RegExp(`^@slipway/${name}/(.+)$`), replacement: path.join(packages, name, "src", "$1.ts") },
    ]),
  },
  test: {
    include: ["packages/*/test/**/*.test.ts", "apps/*/test/**/*.test.ts", "tools/test/**/*.test.ts"],
    globalSetup: "tools/test/global-setup.ts",
    testTimeout: 180_000,
    hookTimeout: 120_000,
    pool: "forks",
  },
});
