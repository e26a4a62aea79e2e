import { writeFile } from "node:fs/promises";

import { parseManifest, renderManifest } from "@slipway/core";
import { gitRepository, temporaryDirectory } from "@slipway/testing";
import { expect, test } from "vitest";

import { bundleOfTree } from "../src/index.ts";
import { env, execFileAsync, pack, tarOf } from "./helpers.ts";

test("code that lies unpacked is the same bundle again, and a file that is not as its manifest says ends the tar with an error", async () => {
  await using folder = await temporaryDirectory();
  const { path } = await gitRepository(`${folder.path}/repo`, {
    files: { "a.txt": "a\n", "b/run.sh": { content: "#!/bin/sh\n", mode: 0o755 }, "b/ü": "", link: { symlink: "b/ü" } },
  });
  const packed = await pack(path);
  await writeFile(`${folder.path}/code.tar`, await tarOf(packed, { prefix: "tree" }));
  await execFileAsync("tar", ["-xf", `${folder.path}/code.tar`, "-C", folder.path]);
  const manifest = parseManifest(renderManifest(packed.manifest));
  const bundle = bundleOfTree({ directory: `${folder.path}/tree`, manifest, source: packed.source, env });
  expect({ ...bundle, tar: undefined }).toEqual({
    digest: packed.digest,
    manifest: packed.manifest,
    source: packed.source,
    tar: undefined,
  });
  const options = { prefix: "tree", readOnly: true, manifestName: "manifest" };
  expect(await tarOf(bundle, options)).toEqual(await tarOf(packed, options));
  await writeFile(`${folder.path}/tree/a.txt`, "b\n");
  await expect(tarOf(bundle)).rejects.toMatchObject({ code: "PACKAGER_CHANGED_WHILE_READING" });
});
