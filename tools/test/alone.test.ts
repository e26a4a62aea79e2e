import { execFile } from "node:child_process";
import { mkdir, readFile, realpath, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

import { expect, test } from "vitest";

import { gitRepository, temporaryDirectory, writeFiles } from "../../packages/testing/src/index.ts";

const root = path.resolve(import.meta.dirname, "../..");
const run = promisify(execFile);

interface PackedPackage {
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** Unpacks what would be published, and below it, and beside it for nobody else, the dependencies that it declares. */
async function install(name: string, modules: string, scratch: string): Promise<void> {
  const source = path.join(root, "packages", name.replace("@slipway/", ""));
  const tarballs = path.join(scratch, name.replace("/", "-"));
  const target = path.join(modules, name);
  await mkdir(target, { recursive: true });
  await mkdir(tarballs);
  const pnpm = path.join(root, "tools", ".pnpm", "node_modules", ".bin", "pnpm");
  await run(pnpm, ["--dir", source, "pack", "--pack-destination", tarballs]);
  await run("sh", ["-c", 'tar -xzf "$1"/*.tgz -C "$2" --strip-components=1', "sh", tarballs, target]);
  const { dependencies = {} } = JSON.parse(await readFile(path.join(target, "package.json"), "utf8")) as PackedPackage;
  for (const dependency of Object.keys(dependencies)) {
    if (dependency.startsWith("@slipway/")) await install(dependency, path.join(target, "node_modules"), scratch);
    else {
      const link = path.join(target, "node_modules", dependency);
      await mkdir(path.dirname(link), { recursive: true });
      await symlink(await realpath(path.join(source, "node_modules", dependency)), link);
    }
  }
}

test("the packed packager works alone, outside of the workspace: the README's example, and a tree that takes helpers", async () => {
  await using folder = await temporaryDirectory();
  const home = path.join(folder.path, "alone");
  await install("@slipway/packager", path.join(home, "node_modules"), folder.path);
  const readme = await readFile(path.join(home, "node_modules/@slipway/packager/README.md"), "utf8");
  await writeFile(path.join(home, "example.mjs"), /^```ts\n(.*?)^```/ms.exec(readme)?.[1] ?? "");
  const { path: work } = await gitRepository(path.join(folder.path, "work"), {
    files: { "train.py": 'print("hello")\n' },
  });
  const env = { PATH: process.env["PATH"], HOME: folder.path, TMPDIR: folder.path };
  const example = () => run(process.execPath, [path.join(home, "example.mjs")], { cwd: work, env });
  expect((await example()).stdout).toMatch(/^ships  train\.py tracked\n[0-9a-f]{64} \d+\n$/);

  await writeFiles(work, Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`many/${n}`, `${n}`])));
  await run("git", ["add", "many"], { cwd: work });
  expect((await example()).stdout.match(/^ships /gm)).toHaveLength(501);
});
