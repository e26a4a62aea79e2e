import { appendFile } from "node:fs/promises";

import { packBundle } from "@slipway/packager";
import { gitRepository, temporaryDirectory, writeFiles } from "@slipway/testing";
import { expect, test } from "vitest";

import { namesIn, storeUnderTest, treeOf } from "./store-under-test.ts";
import { searchPath } from "./transports.ts";

const files = {
  "train.py": "print('hello')\n",
  "bin/run": { content: "#!/bin/sh\n", mode: 0o755 },
  manifest: "a file that has the name of the store's own\n",
  "tree/L": "another\n",
  "odd\nname/back\\slash": "odd\n",
  latest: { symlink: "bin/run" },
};

test("what the packager packs is what lies in the store", async () => {
  await using folder = await temporaryDirectory();
  const repository = await gitRepository(`${folder.path}/repo`, { files });
  await writeFiles(repository.path, { "train.py": "print('edited')\n", "notes.txt": "untracked\n" });
  const bundle = await packBundle({ cwd: repository.path, env: { PATH: searchPath } });
  await using under = await storeUnderTest();
  const staged = await under.store.stage(bundle);
  expect(await treeOf(staged.directory)).toEqual({
    "bin/": "555",
    "bin/run": "555 #!/bin/sh\n",
    latest: "-> bin/run",
    manifest: "444 a file that has the name of the store's own\n",
    "odd\nname/": "555",
    "odd\nname/back\\slash": "444 odd\n",
    "train.py": "444 print('edited')\n",
    "tree/": "555",
    "tree/L": "444 another\n",
  });
  const again = await packBundle({ cwd: repository.path, env: { PATH: searchPath } });
  expect(await under.store.stage(again)).toMatchObject({ instance: staged.instance, uploadedBytes: 0, reused: true });
});

test("a file that changes after it was packed ends the upload with the packager's error", async () => {
  await using folder = await temporaryDirectory();
  const repository = await gitRepository(`${folder.path}/repo`, { files });
  const bundle = await packBundle({ cwd: repository.path, env: { PATH: searchPath } });
  await appendFile(`${repository.path}/train.py`, "more\n");
  await using under = await storeUnderTest();
  await expect(under.store.stage(bundle)).rejects.toMatchObject({ code: "PACKAGER_CHANGED_WHILE_READING" });
  expect(await namesIn(under.at("code"))).toEqual([]);
});
