import { chmod, mkdir, rm, symlink, writeFile } from "node:fs/promises";

import { temporaryDirectory } from "@slipway/testing";
import { expect, test } from "vitest";

import { createCodeStore } from "../src/index.ts";
import { bundleOf } from "./bundle.ts";
import { errorOf, exampleBundle, makeFolder, namesIn, readText, storeUnderTest } from "./store-under-test.ts";
import { asNobody, changed, folderOfCommands, localTransport } from "./transports.ts";

test.each(["relative/path", "", "~/slipway", "/with\0nul"])(
  "a root that is not absolute is refused: %j",
  async (root) => {
    await using transport = localTransport();
    expect(() => createCodeStore({ transport, root, clusterName: "local" })).toThrow(
      expect.objectContaining({
        code: "STORE_ROOT_NOT_ABSOLUTE",
        message: expect.stringContaining(JSON.stringify(root)),
      }),
    );
  },
);

test.each(["store", "store/code", "store/trash"])(
  "%s may not be a symbolic link; nothing is written through it",
  async (name) => {
    await using under = await storeUnderTest();
    const elsewhere = await makeFolder(`${under.root}-elsewhere`);
    if (name !== "store") await makeFolder(under.at());
    await makeFolder(under.root);
    await symlink(elsewhere, `${under.root}/${name}`);
    expect(await errorOf(under.store.stage(await exampleBundle()))).toMatchObject({
      code: "STORE_LAYOUT_DAMAGED",
      message: `${under.root}/${name} on local is a symbolic link, not a directory`,
    });
    expect(await namesIn(elsewhere)).toEqual([]);
  },
);

test.each(["store", "store/code", "store/trash"])("a file in the place of %s is told and left", async (name) => {
  await using under = await storeUnderTest();
  await makeFolder(`${under.root}/${name}/..`);
  await rm(`${under.root}/${name}`, { recursive: true, force: true });
  await writeFile(`${under.root}/${name}`, "mine");
  expect(await errorOf(under.store.stage(await exampleBundle()))).toMatchObject({
    code: "STORE_LAYOUT_DAMAGED",
    message: `${under.root}/${name} on local is in the way: something else has that name`,
  });
  expect(await readText(under.root, name)).toBe("mine");
});

test("a root below a file is told", async () => {
  await using under = await storeUnderTest({ root: "file/job" });
  await writeFile(`${under.root}/..`.replace("/job/..", ""), "mine");
  expect(await errorOf(under.store.stage(await exampleBundle()))).toMatchObject({
    code: "STORE_LAYOUT_DAMAGED",
    message: `${under.root} on local is in the way: something else has that name`,
  });
});

test("a root that may not be written is told with its path", async ({ skip }) => {
  skip(process.getuid?.() !== 0, "needs root, to run commands as nobody");
  await using under = await storeUnderTest({ transport: asNobody });
  expect(await errorOf(under.store.stage(await exampleBundle()))).toMatchObject({
    code: "STORE_NOT_WRITABLE",
    message: expect.stringMatching(`^Cannot write ${under.root} on local: mkdir: .*Permission denied$`),
    hint: "Is the job_dir yours, on a file system that is mounted for writing? See `ls -ld` there.",
  });
  await mkdir(under.root);
  expect(await errorOf(under.store.stage(await exampleBundle()))).toMatchObject({
    code: "STORE_NOT_WRITABLE",
    message: expect.stringMatching(`^Cannot write ${under.root}/store on local: mkdir: .*Permission denied$`),
  });
});

test("code that somebody else has put there is used where one may only read; more of it is refused", async ({
  skip,
}) => {
  skip(process.getuid?.() !== 0, "needs root, to run commands as nobody");
  await using under = await storeUnderTest();
  const { instance } = await under.store.stage(await exampleBundle());
  const store = createCodeStore({ transport: asNobody(under.transport), root: under.root, clusterName: "local" });
  expect(await store.stage(await exampleBundle())).toMatchObject({ instance, reused: true });
  expect(await errorOf(store.stage(await bundleOf({ path: "new" })))).toMatchObject({
    code: "STORE_NOT_WRITABLE",
    message: expect.stringContaining(`${under.root}/store/code/.in-`),
  });
  await chmod(under.at("code"), 0o700);
  expect(await errorOf(store.list())).toMatchObject({ code: "STORE_NOT_READABLE" });
  await chmod(under.at(), 0o700);
  expect(await errorOf(store.list())).toMatchObject({ code: "STORE_NOT_READABLE" });
});

test.for([
  ["no space", "size=2m"],
  ["no inodes", "size=64m,nr_inodes=30"],
] as const)("a full disk (%s) is told, and gives back what the upload took", async ([, mountOptions], { skip }) => {
  await using under = await storeUnderTest();
  await mkdir(under.root);
  const mounted = await under.transport.exec(["mount", "-t", "tmpfs", "-o", mountOptions, "tmpfs", under.root]);
  skip(mounted.exitCode !== 0, `needs to mount a small file system: ${mounted.stderr}`);
  try {
    const small = await under.store.stage(await exampleBundle());
    const files = Array.from({ length: 60 }, (_, index) => ({ path: `f${index}`, content: "x".repeat(50_000) }));
    expect(await errorOf(under.store.stage(await bundleOf(...files)))).toMatchObject({
      code: "STORE_DISK_FULL",
      message: expect.stringMatching(
        `^No space left for code in ${under.root}/store on local: .*(No space left on device|Wrote only \\d+ of \\d+ bytes)`,
      ),
      hint: expect.stringContaining("quota"),
    });
    expect(await under.leftovers()).toEqual([small.instance]);
    expect(await under.store.stage(await exampleBundle())).toMatchObject({ reused: true });
  } finally {
    await under.transport.exec(["umount", under.root]);
  }
});

test("a disk that is full from the start makes no half layout", async ({ skip }) => {
  await using under = await storeUnderTest();
  await mkdir(under.root);
  const mounted = await under.transport.exec(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", under.root]);
  skip(mounted.exitCode !== 0, `needs to mount a small file system: ${mounted.stderr}`);
  try {
    await under.transport.exec(["dd", "if=/dev/zero", `of=${under.root}/filler`, "bs=4096"]);
    expect(await errorOf(under.store.stage(await exampleBundle()))).toMatchObject({ code: "STORE_DISK_FULL" });
    await rm(`${under.root}/filler`);
    expect(await under.store.stage(await exampleBundle())).toMatchObject({ reused: false });
  } finally {
    await under.transport.exec(["umount", under.root]);
  }
});

test.each([
  ["tar", { sha256sum: "/usr/bin/sha256sum" }],
  ["dd", { sha256sum: "/usr/bin/sha256sum", dd: "/no such program" }],
  ["sha256sum or shasum", {}],
])("a host without %s is told what is missing", async (tool, commands) => {
  await using folder = await temporaryDirectory();
  const tools = ["sh", "cat", "dd", "mkdir", "ln", "mv", "rm"].map((name) => [name, `/bin/${name}`]);
  const PATH = await folderOfCommands(`${folder.path}/bin`, { ...Object.fromEntries(tools), ...commands });
  await using transport = localTransport({ PATH });
  const store = createCodeStore({ transport, root: `${folder.path}/root`, clusterName: "local" });
  expect(await errorOf(store.stage(await exampleBundle()))).toMatchObject({
    code: "STORE_TOOL_MISSING",
    message: `local has no ${tool}, which the code store in ${folder.path}/root needs`,
  });
});

test.each(['{"version":2,"clusterName":"local"}', '{"version":12,"clusterName":"local"}', "", "\u001B[31mred"])(
  "a store of another layout is left alone: %j",
  async (layout) => {
    await using under = await storeUnderTest();
    await makeFolder(under.at());
    await writeFile(under.at("layout.json"), layout);
    expect(await errorOf(under.store.stage(await exampleBundle()))).toMatchObject({
      code: "STORE_LAYOUT_UNSUPPORTED",
      message: `The store ${under.at()} on local has the layout ${layout.replace("\u001B[31m", "")}; this slipway knows version 1`,
    });
    expect(await namesIn(under.at())).toEqual(["layout.json"]);
  },
);

test("an existing layout is never written again", async () => {
  await using under = await storeUnderTest();
  const layout = '{"version":1,"clusterName":"local","more":[1]}';
  await makeFolder(under.at());
  await writeFile(under.at("layout.json"), layout);
  await under.store.stage(await exampleBundle());
  expect(await readText(under.at("layout.json"))).toBe(layout);
});

test("another cluster's store is told and left alone", async () => {
  await using under = await storeUnderTest();
  await under.store.stage(await exampleBundle());
  const before = await under.leftovers();
  const { transport, root } = under;
  const store = createCodeStore({ transport, root, clusterName: "hpc2" });
  expect(await errorOf(store.stage(await bundleOf({ path: "new" })))).toMatchObject({
    code: "STORE_OTHER_CLUSTER",
    message: `The store ${under.at()} on local is another cluster's: {"version":1,"clusterName":"local"}`,
    details: { layout: '{"version":1,"clusterName":"local"}' },
  });
  expect(await under.leftovers()).toEqual(before);
});

test.each(["", ".", "-x", "a.b", "a b", "a/b", "a\nb", 'a"b', "x".repeat(64)])(
  "a cluster cannot be named %j",
  async (clusterName) => {
    await using transport = localTransport();
    expect(() => createCodeStore({ transport, root: "/nowhere", clusterName })).toThrow(
      expect.objectContaining({
        code: "STORE_UNSAFE_NAME",
        message: `Expected a cluster's name, got ${JSON.stringify(clusterName)}`,
      }),
    );
  },
);

test("text of the other host loses its control characters before it is shown", async () => {
  const script = 'printf "\\033[2Jmkdir: \\033]0;owned\\007no\\n" >&2; return 1';
  await using under = await storeUnderTest({
    transport: (local) =>
      changed(local, (argv) => ({ argv: ["sh", "-c", `mkdir() { ${script}; }\n${argv[2]}`, ...argv.slice(3)] })),
  });
  const error = await errorOf(under.store.stage(await exampleBundle()));
  expect(error).toMatchObject({ code: "STORE_NOT_WRITABLE", message: expect.stringMatching(/mkdir: \]0;ownedno$/) });
});

test("a host that does not answer is told, with how the command ended", async () => {
  await using under = await storeUnderTest({
    transport: (local) => changed(local, () => ({ argv: ["sh", "-c", "echo This account is not available; exit 1"] })),
  });
  expect(await errorOf(under.store.stage(await exampleBundle()))).toMatchObject({
    code: "STORE_NO_ANSWER",
    message: 'The code store\'s "find" on local ended without an answer (exit code 1)',
  });
});

test("something that is no digest is a bug of the caller", async () => {
  await using under = await storeUnderTest();
  await expect(under.store.stage({ ...(await exampleBundle()), digest: "*" })).rejects.toThrow(RangeError);
});
