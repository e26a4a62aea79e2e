import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdir, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";

import { parseManifest, renderManifest } from "@slipway/core";
import type { ManifestEntry } from "@slipway/core";
import { eventually, fakeClock, gitRepository, temporaryDirectory, writeFiles } from "@slipway/testing";
import { expect, test } from "vitest";

import { writeArchive } from "../src/index.ts";
import { execFileAsync, extract, extractors, isInstalled, pack, script, tarOf, text } from "./helpers.ts";

const files = {
  "a.py": "print(1)\n",
  "bin/run.sh": { content: "#!/bin/sh\necho hello\n", mode: 0o755 },
  empty: "",
  link: { symlink: "bin/run.sh" },
};

test("the tar holds exactly the manifest's files, with git's modes and nothing of this machine", async () => {
  await using folder = await temporaryDirectory();
  await gitRepository(`${folder.path}/mine`, { files });
  await writeFile(`${folder.path}/x.tar`, await tarOf(await pack(`${folder.path}/mine`)));
  const args = ["--numeric-owner", "--full-time", "--utc", "-tvf", `${folder.path}/x.tar`];
  const { stdout } = await execFileAsync("tar", args);
  expect(stdout.replaceAll(/ +/g, " ")).toBe(
    [
      "-rw-r--r-- 0/0 9 1970-01-01 00:00:00 a.py",
      "-rwxr-xr-x 0/0 21 1970-01-01 00:00:00 bin/run.sh",
      "-rw-r--r-- 0/0 0 1970-01-01 00:00:00 empty",
      "lrwxrwxrwx 0/0 0 1970-01-01 00:00:00 link -> bin/run.sh",
      "",
    ].join("\n"),
  );
});

test("a tar for the code store has its prefix, modes without write permission, and the manifest first", async () => {
  await using folder = await temporaryDirectory();
  await gitRepository(`${folder.path}/mine`, { files });
  const bundle = await pack(`${folder.path}/mine`);
  await writeFile(`${folder.path}/x.tar`, await tarOf(bundle, { prefix: "t/tree", readOnly: true, manifestName: "M" }));
  const { stdout } = await execFileAsync("tar", ["-tvf", `${folder.path}/x.tar`]);
  expect(stdout.split("\n").map((line) => line.replace(/ .*00:00/, ""))).toEqual([
    "-r--r--r-- M",
    "-r--r--r-- t/tree/a.py",
    "-r-xr-xr-x t/tree/bin/run.sh",
    "-r--r--r-- t/tree/empty",
    "lrwxrwxrwx t/tree/link -> bin/run.sh",
    "",
  ]);
  const manifest = await execFileAsync("tar", ["-xOf", `${folder.path}/x.tar`, "M"], { encoding: "buffer" });
  expect(Buffer.compare(manifest.stdout, renderManifest(bundle.manifest))).toBe(0);
  expect(renderManifest(parseManifest(manifest.stdout))).toEqual(renderManifest(bundle.manifest));
});

test("a tar may leave out files, and has the whole manifest all the same", async () => {
  await using folder = await temporaryDirectory();
  await gitRepository(`${folder.path}/mine`, { files });
  const bundle = await pack(`${folder.path}/mine`);
  const only = (entry: ManifestEntry) => entry.kind === "symlink" || entry.mode === 0o755;
  await writeFile(`${folder.path}/x.tar`, await tarOf(bundle, { manifestName: "M", only }));
  const { stdout } = await execFileAsync("tar", ["-tf", `${folder.path}/x.tar`]);
  expect(stdout).toBe("M\nbin/run.sh\nlink\n");
  const manifest = await execFileAsync("tar", ["-xOf", `${folder.path}/x.tar`, "M"], { encoding: "buffer" });
  expect(manifest.stdout).toEqual(Buffer.from(renderManifest(bundle.manifest)));
});

test("the digest is the manifest's sha-256 and does not depend on how the archive is compressed", async () => {
  await using folder = await temporaryDirectory();
  await gitRepository(`${folder.path}/mine`, { files });
  const bundle = await pack(`${folder.path}/mine`);
  expect(bundle.digest).toBe(createHash("sha256").update(renderManifest(bundle.manifest)).digest("hex"));
  const tar = await tarOf(bundle);
  for (const level of [0, 1, 9]) {
    const { bytes } = await writeArchive(bundle, `${folder.path}/x.tar.gz`, { level });
    const archive = await readFile(`${folder.path}/x.tar.gz`);
    expect(archive.length).toBe(bytes);
    expect(gunzipSync(archive).equals(tar)).toBe(true);
  }
});

test("the same content gives the same digest and the same bytes, whatever the times, modes and umask around it", async () => {
  await using folder = await temporaryDirectory();
  await gitRepository(`${folder.path}/one`, { files });
  await execFileAsync("sh", [
    "-c",
    `umask 077 && git clone -q --no-hardlinks '${folder.path}/one' '${folder.path}/two'`,
  ]);
  await utimes(`${folder.path}/two/a.py`, 1, 1);
  await chmod(`${folder.path}/two/a.py`, 0o666);
  const digests: string[] = [];
  for (const name of ["one", "two"]) {
    const bundle = await pack(`${folder.path}/${name}`);
    await writeArchive(bundle, `${folder.path}/${name}.tar.gz`);
    digests.push(bundle.digest);
  }
  expect(digests[0]).toBe(digests[1]);
  expect(await readFile(`${folder.path}/one.tar.gz`)).toEqual(await readFile(`${folder.path}/two.tar.gz`));
});

test("a gzip of many members is one archive to gzip and to every tar, and leaves a time out of its headers", async () => {
  await using folder = await temporaryDirectory();
  const noise = createHash("shake256", { outputLength: 3_000_000 }).update("seed").digest();
  await gitRepository(`${folder.path}/mine`, { files: { ...files, noise } });
  const archive = `${folder.path}/x.tar.gz`;
  await writeArchive(await pack(`${folder.path}/mine`), archive);
  const head = (await readFile(archive)).subarray(0, 10);
  expect([...head.subarray(4, 8), head[9]]).toEqual([0, 0, 0, 0, 255]);
  await execFileAsync("gzip", ["-t", archive]);
  for (const argv of Object.values(extractors).filter(([command]) => isInstalled(command))) {
    await extract(gunzipSync(await readFile(archive)), argv, `${folder.path}/${argv[0]}`);
    expect((await readFile(`${folder.path}/${argv[0]}/noise`)).equals(noise)).toBe(true);
  }
});

test("an archive takes the place of an older one at once; a failure leaves the older one and nothing beside it", async () => {
  await using folder = await temporaryDirectory();
  await gitRepository(`${folder.path}/mine`, { files });
  await mkdir(`${folder.path}/out`);
  const archive = `${folder.path}/out/x.tar.gz`;
  await writeFile(archive, "older");
  const bundle = await pack(`${folder.path}/mine`);
  await writeFiles(`${folder.path}/mine`, { "a.py": "changed" });
  await expect(writeArchive(bundle, archive)).rejects.toMatchObject({ code: "PACKAGER_CHANGED_WHILE_READING" });
  expect(await readFile(archive, "utf8")).toBe("older");
  await writeArchive(await pack(`${folder.path}/mine`), archive);
  expect(gunzipSync(await readFile(archive)).includes("changed")).toBe(true);
  expect(await readdir(`${folder.path}/out`)).toEqual(["x.tar.gz"]);
});

test("an archive that cannot be written says where", async () => {
  await using folder = await temporaryDirectory();
  await gitRepository(`${folder.path}/mine`, { files });
  const bundle = await pack(`${folder.path}/mine`);
  await expect(writeArchive(bundle, `${folder.path}/no/where/x.tar.gz`)).rejects.toMatchObject({
    code: "PACKAGER_CANNOT_WRITE",
    message: `Cannot write ${folder.path}/no/where/x.tar.gz (ENOENT)`,
  });
  await mkdir(`${folder.path}/taken/inner`, { recursive: true });
  await expect(writeArchive(bundle, `${folder.path}/taken`)).rejects.toMatchObject({ code: "PACKAGER_CANNOT_WRITE" });
  expect((await readdir(folder.path)).toSorted()).toEqual(["mine", "taken"]);
  expect((await stat(`${folder.path}/taken`)).isDirectory()).toBe(true);
});

const canMount = isInstalled("unshare") && process.getuid?.() === 0;

test.skipIf(!canMount)("a full disk is told as such, and nothing is left on it", async () => {
  await using folder = await temporaryDirectory();
  const noise = createHash("shake256", { outputLength: 3_000_000 }).update("seed").digest();
  await gitRepository(`${folder.path}/mine`, { files: { noise } });
  await mkdir(`${folder.path}/small`);
  const file = await script(
    folder.path,
    `const bundle = await packager.packBundle({ cwd: "${folder.path}/mine", env: process.env });
     const error = await packager.writeArchive(bundle, "${folder.path}/small/x.tar.gz").catch((thrown) => thrown);
     const { readdirSync } = await import("node:fs");
     console.log(JSON.stringify([error.code, error.message, readdirSync("${folder.path}/small")]));`,
  );
  const mounted = `mount -t tmpfs -o size=1m tmpfs '${folder.path}/small' && exec '${process.execPath}' '${file}'`;
  const { stdout } = await execFileAsync("unshare", ["-m", "sh", "-c", mounted]);
  expect(JSON.parse(stdout)).toEqual([
    "PACKAGER_DISK_FULL",
    `No space is left for ${folder.path}/small/x.tar.gz (ENOSPC)`,
    [],
  ]);
});

test("what a bundle holds is told by its listing and its manifest in the same order", async () => {
  await using folder = await temporaryDirectory();
  await gitRepository(folder.path, { files });
  const { listing, manifest } = await pack(folder.path);
  expect(listing.files.map((file) => text(file.path))).toEqual(manifest.entries.map((entry) => text(entry.path)));
});

test("what a killed process left beside an archive is removed by the next one of that name; what others write stays", async () => {
  await using folder = await temporaryDirectory();
  const mine = `${folder.path}/mine`;
  await gitRepository(mine, { files });
  const out = `${folder.path}/out`;
  await mkdir(out);
  const file = await script(
    folder.path,
    `const tar = async function* () { yield new Uint8Array(1 << 20); await new Promise((r) => setTimeout(r, 600_000)); };
     void packager.writeArchive({ tar }, ${JSON.stringify(`${out}/x.tar.gz`)});`,
  );
  const child = spawn(process.execPath, [file], { stdio: "ignore" });
  const ended = once(child, "exit");
  const left = await eventually("a partial file", async () => (await readdir(out))[0]);
  await writeArchive(await pack(mine), `${out}/x.tar.gz`);
  expect((await readdir(out)).toSorted()).toEqual([left, "x.tar.gz"]);
  child.kill("SIGKILL");
  await ended;

  const elsewhere = left.replace(/^(\.x\.tar\.gz\.)[0-9a-f]{8}/, "$100000000");
  const sorted = (names: readonly string[]) => names.toSorted();
  const beside = [elsewhere, left.replace("x.tar.gz", "y.tar.gz"), ".x.tar.gz.partial"];
  for (const name of beside) await writeFile(`${out}/${name}`, "");
  await writeArchive(await pack(mine), `${out}/x.tar.gz`);
  expect(sorted(await readdir(out))).toEqual(sorted([...beside, "x.tar.gz"]));

  const clock = fakeClock(new Date(Date.now() + 25 * 3_600_000));
  await writeArchive(await pack(mine), `${out}/x.tar.gz`, { clock });
  expect(sorted(await readdir(out))).toEqual(sorted([...beside.slice(1), "x.tar.gz"]));
});
