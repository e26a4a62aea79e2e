// The command is shipped bundled: one import of many small files costs more than Node's own start. It is shipped as CommonJS:
// Node reads that at once, where it starts a loader and waits for every file of ES modules (about a tenth of its own start).
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { build, transform } from "esbuild";

const { dirname } = import.meta;
const dist = path.join(dirname, "dist");
const draft = path.join(dirname, "node_modules", `.dist-${process.pid}`);

const common = { platform: "node", target: "node20.19", sourcesContent: false };

// Only ES modules can be split into what is loaded at first and what is loaded when it is needed.
const { outputFiles } = await build({
  ...common,
  absWorkingDir: dirname,
  entryPoints: ["src/main.ts"],
  outdir: "dist",
  bundle: true,
  splitting: true,
  format: "esm",
  sourcemap: "inline",
  legalComments: "linked",
  // ssh2 does without its native parts; they belong to one kind of machine.
  external: ["cpu-features", "*.node"],
  write: false,
  logLevel: "warning",
});

await mkdir(draft);
await writeFile(path.join(draft, "package.json"), '{ "type": "commonjs" }\n');
for (const { path: wanted, text } of outputFiles) {
  const file = path.join(draft, path.relative(dist, wanted));
  if (!file.endsWith(".js")) {
    await writeFile(file, text);
    continue;
  }
  const { code, map } = await transform(text, {
    ...common,
    logLevel: "error", // What there is to warn of was told above.
    format: "cjs",
    supported: { "dynamic-import": false },
    sourcemap: "external",
    sourcefile: path.basename(file),
  });
  await writeFile(file, `${code}//# sourceMappingURL=${path.basename(file)}.map\n`);
  await writeFile(`${file}.map`, map);
}
// The last build stays in use until this one is whole.
await rm(dist, { recursive: true, force: true });
await rename(draft, dist);
