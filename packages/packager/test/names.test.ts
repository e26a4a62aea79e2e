import { createHash } from "node:crypto";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { chmod, link, mkdir, open, rm, symlink, writeFile } from "node:fs/promises";

import { createManifest } from "@slipway/core";
import { gitRepository, runGit, snapshot, temporaryDirectory, writeFiles } from "@slipway/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { openBlobs } from "../src/git/blobs.ts";
import { pairMembers, tarStream } from "../src/tar.ts";
import {
  env,
  execFileAsync,
  extract,
  extractors,
  installedPython,
  isInstalled,
  list,
  pack,
  tarOf,
  text,
} from "./helpers.ts";

type Tree = Readonly<Record<string, string>>;

/** Kind, mode and content by path (one character for each byte); directories are implied. */
function readTree(directory: Buffer, prefix = ""): Tree {
  const tree: Record<string, string> = {};
  for (const name of readdirSync(directory, { encoding: "buffer" })) {
    const file = Buffer.concat([directory, Buffer.from("/"), name]);
    const path = prefix + name.toString("latin1");
    const stat = lstatSync(file);
    if (path === ".git") continue;
    if (stat.isDirectory()) Object.assign(tree, readTree(file, `${path}/`));
    else if (stat.isSymbolicLink()) tree[path] = `-> ${readlinkSync(file, "latin1")}`;
    else
      tree[path] =
        `${(stat.mode & 0o777).toString(8)} ${createHash("sha256").update(readFileSync(file)).digest("hex")}`;
  }
  return tree;
}

const nameBytes = (maxLength: number) =>
  fc
    .oneof(
      fc.uint8Array({ minLength: 1, maxLength }),
      fc.string({ unit: "binary", minLength: 1, maxLength: Math.ceil(maxLength / 4) }).map((name) => Buffer.from(name)),
      fc
        .constantFrom("-x", "--help", "@list", " ", "a b", "\\", "\n", "x=y", " path=x", "1 linkpath=y")
        .map((name) => Buffer.from(name)),
    )
    .map((bytes) => Buffer.from(bytes).toString("latin1").replaceAll(/[\0/]/g, "_"))
    .filter((name) => ![".", ".."].includes(name) && !/^(?:\.git|git~1)/i.test(name) && !/[\u200c\u200d]/.test(name));

const entry = fc.record({
  path: fc.array(nameBytes(90), { minLength: 1, maxLength: 5 }).map((names) => names.join("/")),
  content: fc.uint8Array({ maxLength: 1500 }),
  isExecutable: fc.boolean(),
  target: fc.option(
    fc
      .uint8Array({ minLength: 1, maxLength: 200 })
      .map((bytes) => Buffer.from(bytes).toString("latin1").replaceAll("\0", "_")),
    { freq: 4 },
  ),
});

const tree = fc.uniqueArray(entry, { maxLength: 12, minLength: 1, selector: ({ path }) => path.split("/")[0] });

const available = Object.entries(extractors).filter(([, [command]]) => isInstalled(command));

describe("pack, and unpack with", () => {
  for (const [name, argv] of Object.entries(extractors)) {
    test.skipIf(!isInstalled(argv[0]))(
      `${name}: the same tree, byte for byte, mode for mode, whatever the names`,
      async () => {
        await fc.assert(
          fc.asyncProperty(tree, async (entries) => {
            await using folder = await temporaryDirectory();
            const mine = `${folder.path}/mine`;
            await gitRepository(mine);
            for (const { path, content, isExecutable, target } of entries)
              writeEntry(`${mine}/`, { path, content, isExecutable, target });
            await runGit(mine, ["-c", "core.protectNTFS=false", "-c", "core.protectHFS=false", "add", "-A"]);
            const bundle = await pack(mine);
            await extract(await tarOf(bundle), argv, `${folder.path}/out`);
            expect(readTree(Buffer.from(`${folder.path}/out`))).toEqual(readTree(Buffer.from(mine)));
          }),
          { numRuns: 30 },
        );
      },
    );
  }
});

function writeEntry(
  root: string,
  {
    path,
    content,
    isExecutable,
    target,
  }: { path: string; content: Uint8Array; isExecutable: boolean; target: string | null },
): void {
  const file = Buffer.concat([Buffer.from(root), Buffer.from(path, "latin1")]);
  mkdirSync(file.subarray(0, file.lastIndexOf("/")), { recursive: true });
  if (target !== null) return symlinkSync(Buffer.from(target, "latin1"), file);
  writeFileSync(file, content);
  chmodSync(file, isExecutable ? 0o755 : 0o644);
}

test("every tar program that the bundle's readers have was tried", () => {
  expect(available.map(([name]) => name)).toEqual(Object.keys(extractors));
});

test(
  "a file of more than 8 GB is packed with its size, without holding it in memory",
  { timeout: 300_000 },
  async () => {
    await using folder = await temporaryDirectory();
    const size = 2 ** 33 + 5;
    const file = await open(`${folder.path}/big`, "w");
    await file.truncate(size);
    await file.close();
    const manifest = createManifest([
      { kind: "file", path: Buffer.from("big"), mode: 0o644, size, sha256: "0".repeat(64) },
    ]);
    // Its head is enough: reading all of it takes longer than a test may.
    for await (const chunk of tarStream(
      { manifest, members: pairMembers(manifest, [{ source: `${folder.path}/big` }]), env },
      {},
    )) {
      await writeFile(`${folder.path}/head.tar`, chunk);
      break;
    }
    for (const [, [command, ...args]] of available) {
      const listing = [
        ...args.map((arg) => arg.replace("-xf", "-tvf")).filter((arg) => arg !== "-"),
        `${folder.path}/head.tar`,
      ];
      const failed = (await execFileAsync(command, listing).catch((error: unknown) => error)) as { stdout: string };
      expect(failed.stdout).toContain(String(size));
    }
  },
);

test("links are packaged as links, whatever they point at, and those that lead out are told", async () => {
  await using folder = await temporaryDirectory();
  await writeFiles(folder.path, { "secret.txt": "outside" });
  const links = {
    absolute: "/etc/hostname",
    escaping: "../secret.txt",
    "sub/inside": "../a.txt",
    "sub/escaping": "../../secret.txt",
    dangling: "nowhere",
    loop: "loop",
    folder: "sub",
  };
  const specs = Object.entries(links).map(([name, target]) => [name, { symlink: target }]);
  await gitRepository(`${folder.path}/mine`, { files: { "a.txt": "a", ...Object.fromEntries(specs) } });
  const bundle = await pack(`${folder.path}/mine`);
  const packed = bundle.manifest.entries.filter((found) => found.kind === "symlink");
  expect(Object.fromEntries(packed.map((found) => [text(found.path), text(found.target)]))).toEqual(links);
  expect((await tarOf(bundle)).includes("outside")).toBe(false);
  expect(bundle.listing.warnings).toEqual([
    "absolute, escaping, sub/escaping: symbolic links that lead out of the bundle; they are packaged as they are and may dangle where it runs",
  ]);
});

test("hard links are packaged as files, each with its content", async () => {
  await using folder = await temporaryDirectory();
  await gitRepository(folder.path, { files: { a: "same" } });
  await link(`${folder.path}/a`, `${folder.path}/b`);
  await runGit(folder.path, ["add", "b"]);
  const { manifest } = await pack(folder.path);
  expect(manifest).toMatchObject({ files: 2, bytes: 8 });
});

test("pipes, sockets and devices are told and left out, tracked, included or in a companion", async () => {
  await using folder = await temporaryDirectory();
  const mine = `${folder.path}/mine`;
  await gitRepository(mine, { files: { a: "a", pipe: "was a file" } });
  await rm(`${mine}/pipe`);
  await execFileAsync("mkfifo", [`${mine}/pipe`]);
  await mkdir(`${mine}/data`);
  await writeFile(`${mine}/data/x`, "x");
  await execFileAsync("mkfifo", [`${mine}/data/pipe`]);
  const site = await installedPython(`${folder.path}/site`, "acme", { "acme/x.py": "" });
  await execFileAsync("mkfifo", [`${folder.path}/site/acme/pipe`]);
  const listing = await list(mine, { include: ["data"], companions: [site.companion], env: site.env });
  expect(listing.files.map((file) => text(file.path))).toEqual(["a", "acme/x.py", "data/x"]);
  expect(listing.warnings).toEqual([
    "pipe: neither a file nor a symbolic link, and left out",
    "acme/pipe: neither a file nor a symbolic link, and left out",
  ]);
});

test("a file that is being written to is read again, and refused when it does not come to rest", async () => {
  await using folder = await temporaryDirectory();
  await gitRepository(folder.path, { files: { a: "a".repeat(3_000_000) } });
  const first = await list(folder.path);
  await writeFile(`${folder.path}/a`, "b".repeat(3_000_000));
  const { hashFiles } = await import("../src/hash.ts");
  await using blobs = openBlobs({ env });
  const [read] = await hashFiles(first.files, { blobs });
  expect(read).toMatchObject({ sha256: createHash("sha256").update("b".repeat(3_000_000)).digest("hex") });

  let writes = 0;
  const writer = setInterval(() => writeFileSync(`${folder.path}/a`, "c".repeat(3_000_000 + writes++)), 0);
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => hashFiles(first.files, { blobs })));
  clearInterval(writer);
  const refused = results.filter((result) => result.status === "rejected").map((result) => result.reason as unknown);
  expect(refused).toEqual(
    refused.map(() => expect.objectContaining({ code: "PACKAGER_CHANGED_WHILE_READING" }) as unknown),
  );
});

test("a repository and a home with spaces, quotes and dollar signs in their paths are packaged as any other", async () => {
  await using folder = await temporaryDirectory();
  const odd = `${folder.path}/a b'c"$(touch pwned)`;
  await gitRepository(odd, { files: { a: "a" } });
  await chmod(odd, 0o755);
  const before = await snapshot(folder.path);
  expect((await pack(odd, { cacheDirectory: undefined })).listing.root).toBe(odd);
  expect(await snapshot(folder.path)).toEqual(before);
  await symlink(odd, `${folder.path}/via`);
  expect((await pack(`${folder.path}/via`)).listing.root).toBe(odd);
});
