import { gitRepository, runGit, temporaryDirectory, writeFiles } from "@slipway/testing";
import { expect, test } from "vitest";

import { explainSubmodules, predictBytes } from "../src/index.ts";
import { list, pack, tarOf } from "./helpers.ts";

test("every submodule is explained: as recorded, moved to another commit, edited, or not initialised", async () => {
  await using folder = await temporaryDirectory();
  const { path: lib, ...library } = await gitRepository(`${folder.path}/lib`, { files: { "lib.txt": "v1\n" } });
  const recorded = (await library.git("rev-parse", "HEAD")).trim();
  const { path, ...repository } = await gitRepository(`${folder.path}/mine`, { files: { "a.txt": "a" } });
  for (const name of ["moved", "edited", "clean", "absent"]) {
    await repository.git("submodule", "--quiet", "add", lib, `libs/${name}`);
  }
  await repository.git("commit", "-qm", "libs");
  await writeFiles(`${path}/libs/moved`, { "lib.txt": "v2\n" });
  await runGit(`${path}/libs/moved`, ["commit", "-qam", "v2"]);
  const commit = (await runGit(`${path}/libs/moved`, ["rev-parse", "HEAD"])).trim();
  await writeFiles(`${path}/libs/edited`, { "lib.txt": "edited\n" });
  await writeFiles(`${path}/libs/clean`, { "untracked.txt": "" });
  await repository.git("submodule", "--quiet", "deinit", "-f", "libs/absent");
  expect(explainSubmodules(await list(path))).toEqual([
    { path: "libs/absent", recorded, state: "not_initialised", dirty: false },
    { path: "libs/clean", recorded, commit: recorded, state: "as_recorded", dirty: false },
    { path: "libs/edited", recorded, commit: recorded, state: "as_recorded", dirty: true },
    { path: "libs/moved", recorded, commit, state: "moved", dirty: false },
  ]);
});

test("the bytes that would travel are told exactly before any content is read", async () => {
  await using folder = await temporaryDirectory();
  await gitRepository(folder.path, {
    files: {
      empty: "",
      block: "b".repeat(512),
      "more.bin": Buffer.alloc(1_300_000),
      [`${"deep/".repeat(60)}file`]: "deep",
      ["ü".repeat(80)]: "wide",
      "new\nline": "x",
      run: { content: "#!/bin/sh\n", mode: 0o755 },
      link: { symlink: "t".repeat(150) },
    },
  });
  const bundle = await pack(folder.path);
  for (const options of [{}, { prefix: "tree", manifestName: "manifest", readOnly: true }]) {
    const { content, tar } = await predictBytes(await list(folder.path), options);
    expect({ content, tar }).toEqual({ content: bundle.manifest.bytes, tar: (await tarOf(bundle, options)).length });
  }
  const committed = await pack(folder.path, { code: { kind: "commit" } });
  expect((await predictBytes(committed.listing)).tar).toBe((await tarOf(committed)).length);
});
