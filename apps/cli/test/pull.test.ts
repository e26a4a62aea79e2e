import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";

import { gitRepository, temporaryDirectory } from "@slipway/testing";
import { expect, test } from "vitest";

import { receiveParts } from "../src/pull/receive.ts";
import { machine } from "./slipway.ts";

interface Pulled {
  readonly bytes: number;
  readonly files: readonly { readonly path: string; readonly fetchedBytes: number }[];
}

test("outputs are fetched, once, and only below the folder that was asked for", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), {
    files: {
      "out.sh":
        'cd "$SLIPWAY_RUN_DIR" && mkdir -p "a b/c" && printf 12345 >"a b/c/x y" && echo top >top && ln -s /etc/passwd link && printf "" >empty',
    },
  });
  await m.slipway(repo, "run", "--name", "e", "--", "sh", "out.sh");
  const to = path.join(m.folder, "to");
  const first = await m.json<Pulled>(repo, "pull", "e", "--to", to);
  const { length } = await readFile(path.join(to, "record.json"));
  expect(first.bytes).toBe(9 + length);
  expect(first.files.map((file) => file.path)).toEqual(["a b/c/x y", "empty", "record.json", "top"]);
  const names = ["a b", "a b/c", "a b/c/x y", "empty", "record.json", "top"];
  expect((await readdir(to, { recursive: true })).toSorted()).toEqual(names);
  expect(await readFile(path.join(to, "a b/c/x y"), "utf8")).toBe("12345");
  expect((await m.json<Pulled>(repo, "pull", "e", "--to", to)).bytes).toBe(0);

  const part = path.join(m.folder, "part");
  const one = await m.slipway(repo, "pull", "e/e", "a b/c", "--to", part);
  expect([one.exitCode, one.stdout]).toEqual([0, `1 file in ${part}; 5 B fetched\n`]);
  for (const wrong of ["../job.sh", "a/../../job.sh"]) {
    expect((await m.slipway(repo, "pull", "e", wrong, "--to", to)).exitCode).toBe(2);
  }
  expect((await m.slipway(repo, "pull", "e", "gone", "--to", to)).exitCode).toBe(6);

  for (const unwritable of [path.join(to, "top", "x"), "/proc/none"]) {
    const refused = await m.slipway(repo, "pull", "e", "--to", unwritable);
    expect([refused.exitCode, refused.stderr]).toEqual([4, expect.stringContaining(`Cannot write to ${unwritable}: `)]);
  }

  const trap = path.join(m.folder, "trap");
  await m.slipway(repo, "pull", "e", "top", "--to", trap);
  await symlink(m.folder, path.join(trap, "a b"));
  const refused = await m.slipway(repo, "pull", "e", "--to", trap);
  expect([refused.exitCode, refused.stderr]).toEqual([4, expect.stringContaining("is no folder")]);
});

test("fetching goes on where it stopped, and begins anew for a file that has changed", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), { files: { a: "a" } });
  await m.slipway(
    repo,
    "run",
    "--name",
    "e",
    "--",
    "sh",
    "-c",
    'printf 0123456789 >"$SLIPWAY_RUN_DIR/x"; touch -d @1000000000 "$SLIPWAY_RUN_DIR/x"',
  );
  const fresh = path.join(m.folder, "fresh");
  await mkdir(fresh);
  await writeFile(path.join(fresh, "x.10-1000000000.slipway-part"), "abcd");
  await writeFile(path.join(fresh, "x.7-1000000000.slipway-part"), "of before");
  const { bytes } = await m.json<Pulled>(repo, "pull", "e", "x", "--to", fresh);
  expect([bytes, await readFile(path.join(fresh, "x"), "utf8"), await readdir(fresh)]).toEqual([
    6,
    "abcd456789",
    ["x"],
  ]);
});

test("file names of any bytes that can be here are fetched, and two hundred files at once", async () => {
  await using m = await machine();
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), {
    files: {
      "out.sh": `cd "$SLIPWAY_RUN_DIR" && for i in $(seq 200); do echo $i >f-$i; done
printf one >' -n $(x) ' && printf two >"$(printf 'line\\nend ')" && printf three >'back\\slash'`,
    },
  });
  await m.slipway(repo, "run", "--name", "e", "--", "sh", "out.sh");
  const to = path.join(m.folder, "to");
  const pulled = await m.slipway(repo, "pull", "e", "--to", to, "--json");
  expect(JSON.parse(pulled.stdout)).toMatchObject({ files: { length: 203 } });
  expect(pulled.stderr).toBe(String.raw`warning: e: not fetched, its name cannot be used here: ./back\slash` + "\n");
  const texts = ["f-200", " -n $(x) ", "line\nend "].map((name) => readFile(path.join(to, name), "utf8"));
  expect(await Promise.all(texts)).toEqual(["200\n", "one", "two"]);
});

test("records come along: each job's in its folder, those of a chain under the jobs' names, none in place of a job's own file", async () => {
  await using m = await machine();
  const chain = `one: { run: 'echo $SLIPWAY_ATTEMPT >>"$SLIPWAY_RUN_DIR/x"', repeat: 2 }`;
  const own = `own: { run: 'echo mine >"$SLIPWAY_RUN_DIR/record.json"' }`;
  const sweep = "sweep: { run: 'true {x}', matrix: { x: [1, 2] } }";
  const { path: repo } = await gitRepository(path.join(m.folder, "repo"), {
    files: { "x.yaml": `name: g\njobs:\n  ${chain}\n  ${own}\n  ${sweep}\n` },
  });
  await m.slipway(repo, "run", "x.yaml", "--wait");
  const to = path.join(m.folder, "to");
  const { stderr } = await m.slipway(repo, "pull", "g", "--to", to);
  expect(stderr).toBe("note: own: not fetched, the job has written a file of the same name: record.json\n");
  expect((await readdir(to, { recursive: true })).toSorted()).toEqual([
    "one-1",
    "one-1/one-2.record.json",
    "one-1/record.json",
    "one-1/x",
    "own",
    "own/record.json",
    "sweep",
    "sweep/array-0.record.json",
    "sweep/array-1.record.json",
    "sweep/record.json",
  ]);
  expect(await readFile(path.join(to, "own/record.json"), "utf8")).toBe("mine\n");
  expect(JSON.parse(await readFile(path.join(to, "one-1/one-2.record.json"), "utf8"))).toMatchObject({ job: "one-2" });
});

test("a stream of files is taken in pieces of any size; what changed is not kept, what was cut off is", async () => {
  const stream = Buffer.from("Welcome!\nnoise markMARK\n0123\n6 100\n7 100\nabc\0d7 7\nxyz");
  for (const pieceBytes of [1, 2, 3, 7, 1000]) {
    await using folder = await temporaryDirectory();
    const part = (name: string, bytes: number, size: number) => ({
      file: path.join(folder.path, `${name}.part`),
      target: path.join(folder.path, name),
      bytes,
      end: `${size} 100`,
      modifiedAt: 100,
    });
    const parts = [
      part("resumed", 5, 6),
      part("empty", 0, 7),
      part("changed", 5, 9),
      part("cut", 9, 9),
      part("never", 1, 1),
    ];
    await writeFile(path.join(folder.path, "resumed.part"), ">");
    let came = 0;
    const options = {
      marker: "MARK",
      signal: new AbortController().signal,
      onBytes: (bytes: number) => (came += bytes),
    };
    const { received, changed } = await receiveParts(parts, options, async ({ onStdout }) => {
      for (let at = 0; at < stream.length; at += pieceBytes) onStdout?.(stream.subarray(at, at + pieceBytes));
    });
    expect([received, changed.map(({ target }) => path.basename(target)), came]).toEqual([3, ["changed"], 13]);
    expect((await readdir(folder.path)).toSorted()).toEqual(["cut.part", "empty", "resumed"]);
    const texts = ["cut.part", "empty", "resumed"].map((name) => readFile(path.join(folder.path, name), "utf8"));
    expect(await Promise.all(texts)).toEqual(["xyz", "", ">0123\n"]);
  }
});

test("a file that cannot be written ends the stream, and says why", async () => {
  await using folder = await temporaryDirectory();
  const parts = [{ file: path.join(folder.path, "no/x.part"), target: "x", bytes: 1, end: "1 1", modifiedAt: 1 }];
  const receiving = receiveParts(
    parts,
    { marker: "M", signal: new AbortController().signal },
    ({ signal, onStdout }) => {
      onStdout?.(Buffer.from("M\nx"));
      return Promise.reject(signal?.reason as Error);
    },
  );
  await expect(receiving).rejects.toMatchObject({ code: "ENOENT" });
});
