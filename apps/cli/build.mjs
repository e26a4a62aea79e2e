// The command is shipped bundled: one import of many small files costs more than Node's own start.
import { rm } from "node:fs/promises";
import path from "node:path";

import { build } from "esbuild";

const { dirname } = import.meta;
await rm(path.join(dirname, "dist"), { recursive: true, force: true });
await build({
  absWorkingDir: dirname,
  entryPoints: ["src/main.ts"],
  outdir: "dist",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  sourcemap: true,
  sourcesContent: false,
  legalComments: "linked",
  // Dependencies in CommonJS ask for Node's own modules by require, and for their folder.
  banner: {
    js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url), __dirname = import.meta.dirname;',
  },
  // ssh2 does without its native parts; they belong to one kind of machine.
  external: ["cpu-features", "*.node"],
  logLevel: "warning",
});
