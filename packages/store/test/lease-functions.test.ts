import { createHash } from "node:crypto";
import { mkdir, rename, rm, rmdir, symlink, utimes, writeFile } from "node:fs/promises";
import path from "node:path";

import { temporaryDirectory } from "@slipway/testing";
import { describe, expect, test } from "vitest";

import { submitFunctions, wrapperFunctions } from "../src/index.ts";
import { openShell, namedShells } from "./shell-session.ts";
import type { ShellSession } from "./shell-session.ts";
import { makeFolder, namesIn, readText, treeOf } from "./store-under-test.ts";

const manifest = "slipway-manifest 1 files=2 symlinks=1 directories=1 bytes=0\n";
const content = `${manifest}file 644 0 00 a b\nfile 644 0 00 d/x\nsymlink - - - symlink - - - z\ntarget x\n`;
const digest = createHash("sha256").update(content).digest("hex");
const token = "sweep-x7k2m9.train.1";

interface Instance extends AsyncDisposable {
  readonly sh: ShellSession;
  readonly store: string;
  readonly instance: string;
  readonly leases: () => Promise<readonly string[]>;
  readonly add: (nonce: string) => Promise<string>;
}

describe.each(namedShells)("in %s", (_, shell) => {
  async function withInstance(): Promise<Instance> {
    const folder = await temporaryDirectory();
    const store = await makeFolder(folder.path, "job dir", "store");
    await makeFolder(store, "trash");
    const add = async (nonce: string) => {
      const made = await makeFolder(store, "code", `${digest}.${nonce}`);
      await makeFolder(made, "L");
      await makeFolder(made, "tree", "d");
      await writeFile(path.join(made, "manifest"), content);
      await writeFile(path.join(made, "tree", "a b"), "");
      await symlink("x", path.join(made, "tree", "symlink - - - z"));
      return made;
    };
    const instance = await add("n1");
    const sh = openShell(folder.path, shell);
    return {
      sh,
      store,
      instance,
      add,
      leases: () => namesIn(path.join(instance, "L")),
      async [Symbol.asyncDispose]() {
        await sh[Symbol.asyncDispose]();
        await folder[Symbol.asyncDispose]();
      },
    };
  }

  test("an intent is taken, committed to the job, and the commit may be repeated", async () => {
    await using under = await withInstance();
    const { sh, instance } = under;
    expect(await sh.call("slipway_take_intent", instance, token)).toEqual({ code: 0, printed: [] });
    expect(await under.leases()).toEqual([`i.${token}`]);
    for (const _repetition of [1, 2]) {
      expect(await sh.call("slipway_commit_lease", instance, token, "hpc", "42")).toEqual({ code: 0, printed: [] });
      expect(await under.leases()).toEqual(["j.hpc.42"]);
    }
    expect(await sh.call("slipway_leases", instance)).toEqual({ code: 0, printed: ["j.hpc.42"] });
  });

  test.each(["slipway_take_intent", "slipway_pin"])("%s counts as done when its answer was lost", async (name) => {
    await using under = await withInstance();
    await under.sh.loseReply();
    expect((await under.sh.call(name, under.instance, token)).code).toBe(0);
    expect((await under.sh.call(name, under.instance, token)).code).toBe(0);
    expect(await under.leases()).toHaveLength(1);
  });

  test("a commit counts as done when its answer was lost", async () => {
    await using under = await withInstance();
    await under.sh.call("slipway_take_intent", under.instance, token);
    await under.sh.loseReply();
    expect((await under.sh.call("slipway_commit_lease", under.instance, token, "hpc", "42")).code).toBe(0);
    expect(await under.leases()).toEqual(["j.hpc.42"]);
  });

  test("an intent taken again after the commit goes into nothing and stays nowhere", async () => {
    await using under = await withInstance();
    const lease = path.join(under.instance, "L", "j.hpc.42");
    await under.sh.call("slipway_take_intent", under.instance, token);
    await under.sh.call("slipway_commit_lease", under.instance, token, "hpc", "42");
    await under.sh.call("slipway_take_intent", under.instance, token);
    await mkdir(path.join(lease, `i.${token}`)); // What mv of another client made of it.
    expect((await under.sh.call("slipway_commit_lease", under.instance, token, "hpc", "42")).code).toBe(0);
    expect([await under.leases(), await namesIn(lease)]).toEqual([["j.hpc.42"], []]);
  });

  test("an intent that was revoked cannot be committed", async () => {
    await using under = await withInstance();
    await under.sh.call("slipway_take_intent", under.instance, token);
    await rmdir(path.join(under.instance, "L", `i.${token}`));
    expect((await under.sh.call("slipway_commit_lease", under.instance, token, "hpc", "42")).code).not.toBe(0);
    expect(await under.leases()).toEqual([]);
  });

  test("the age of a job's lease counts from its commit", async () => {
    await using under = await withInstance();
    const { sh, instance } = under;
    await sh.call("slipway_take_intent", instance, token);
    const old = new Date(Date.now() - 7_200_000);
    await utimes(path.join(instance, "L", `i.${token}`), old, old);
    await sh.call("slipway_commit_lease", instance, token, "hpc", "42");
    const { printed } = await sh.call("find", path.join(instance, "L"), "-name", "j.*", "-mmin", "+60");
    expect(printed).toEqual([]);
  });

  test("intents and pins are given back, once or again, and nobody else's with them", async () => {
    await using under = await withInstance();
    const { sh, instance } = under;
    await sh.call("slipway_take_intent", instance, token);
    await sh.call("slipway_take_intent", instance, "other.job.1");
    await sh.call("slipway_pin", instance, "sweep-x7k2m9");
    expect(await under.leases()).toEqual(["i.other.job.1", `i.${token}`, "p.sweep-x7k2m9"]);
    for (const _repetition of [1, 2]) {
      expect((await sh.call("slipway_give_back_intent", instance, token)).code).toBe(0);
      expect((await sh.call("slipway_unpin", instance, "sweep-x7k2m9")).code).toBe(0);
    }
    await sh.loseReply();
    expect((await sh.call("slipway_give_back_intent", instance, "other.job.1")).code).toBe(0);
    expect(await under.leases()).toEqual([]);
  });

  test("a closed instance takes no lease of any kind", async () => {
    await using under = await withInstance();
    const { sh, instance } = under;
    await rmdir(path.join(instance, "L"));
    expect((await sh.call("slipway_take_intent", instance, token)).code).not.toBe(0);
    expect((await sh.call("slipway_pin", instance, "e")).code).not.toBe(0);
    expect((await sh.call("slipway_take_wrapper_lease", instance, "hpc", "42")).code).not.toBe(0);
    expect((await sh.call("slipway_commit_lease", instance, token, "hpc", "42")).code).not.toBe(0);
    expect(await namesIn(instance)).toEqual(["manifest", "tree"]);
  });

  test("no function goes through a symbolic link in the place of an instance, its leases or a lease", async () => {
    await using under = await withInstance();
    const { sh, store, instance } = under;
    const outside = await makeFolder(store, "..", "..", "outside");
    await makeFolder(outside, "L");
    await makeFolder(outside, "L", `i.${token}`);
    await symlink(outside, path.join(store, "code", "linked"));
    const half = await makeFolder(store, "code", "half");
    await symlink(path.join(outside, "L"), path.join(half, "L"));
    await symlink(outside, path.join(instance, "L", "j.hpc.42"));
    await sh.call("slipway_take_intent", instance, token);
    for (const place of [path.join(store, "code", "linked"), half, instance]) {
      expect((await sh.call("slipway_commit_lease", place, token, "hpc", "42")).code).not.toBe(0);
    }
    for (const place of [path.join(store, "code", "linked"), half]) {
      expect((await sh.call("slipway_take_intent", place, "new.job.1")).code).not.toBe(0);
      expect((await sh.call("slipway_give_back_intent", place, token)).code).not.toBe(0);
      expect((await sh.call("slipway_take_wrapper_lease", place, "hpc", "43")).code).not.toBe(0);
      expect((await sh.call("slipway_remove_lease", place, `i.${token}`)).code).toBe(1);
      expect((await sh.call("slipway_close", place)).code).toBe(1);
    }
    expect([await namesIn(outside), await namesIn(path.join(outside, "L"))]).toEqual([["L"], [`i.${token}`]]);
  });

  test("a whole instance is told from one whose manifest or tree is not, with or without the number of names", async () => {
    await using under = await withInstance();
    const { sh, instance } = under;
    const look = async (...top: readonly string[]) => [
      (await sh.call("slipway_looks_whole", instance, digest, ...top)).code,
      await sh.read("slipway_problem"),
    ];
    expect((await look())[0]).toBe(0);
    expect((await look("3"))[0]).toBe(0);
    expect(await look("4")).toEqual([1, "3 of 4 names are at its top"]);
    await rm(path.join(instance, "tree", "a b"));
    expect(await look()).toEqual([1, "2 of 3 names are at its top"]);
    await rename(path.join(instance, "tree"), path.join(instance, "other"));
    expect(await look()).toEqual([1, "its tree is missing"]);
    await writeFile(path.join(instance, "manifest"), "x");
    expect(await look()).toEqual([1, "its manifest is not the one of its digest"]);
    await rm(path.join(instance, "manifest"));
    expect(await look()).toEqual([1, "its manifest is missing"]);
  });

  test("a job uses its own lease, or takes one, or finds the same code elsewhere", async () => {
    await using under = await withInstance();
    const { sh, store, instance } = under;
    const use = async (name: string, job: string) => [
      (await sh.call("slipway_use_code", store, name, digest, "hpc", job, "0")).code,
      path.basename(await sh.read("slipway_instance")),
    ];
    await mkdir(path.join(instance, "L", "j.hpc.42"));
    expect(await use(`${digest}.n1`, "42")).toEqual([0, `${digest}.n1`]);
    expect(await under.leases()).toEqual(["j.hpc.42"]);
    expect(await use(`${digest}.n1`, "43")).toEqual([0, `${digest}.n1`]);
    expect(await under.leases()).toEqual(["j.hpc.42", "w.hpc.43"]);
    expect(await use(`${digest}.gone`, "44")).toEqual([0, `${digest}.n1`]);
    await under.add("n2");
    await rm(path.join(instance, "tree"), { recursive: true });
    expect(await use(`${digest}.n1`, "42")).toEqual([0, `${digest}.n2`]);
    expect(await namesIn(path.join(store, "code", `${digest}.n2`, "L"))).toEqual(["w.hpc.42"]);
  });

  test("a job whose code was removed by hand is told what is missing and where it may be", async () => {
    await using under = await withInstance();
    const { sh, store, instance } = under;
    await rename(instance, path.join(store, "trash", `${digest}.n1`));
    const script = `exec 2>&1; slipway_use_code "$@"`;
    const { code, printed } = await sh.call("eval", `(set -- '${store}' ${digest}.n1 ${digest} hpc 42 0; ${script})`);
    expect([code, printed]).toEqual([
      1,
      [
        `slipway: the code ${digest} of this job is not in ${store}/code any more, or not whole. Was it removed by hand? See ${store}/trash/${digest}.*`,
      ],
    ]);
  });

  test("a try is committed once, whoever asks and how often, and the record is complete when it is there", async () => {
    await using under = await withInstance();
    const { sh, store } = under;
    const file = path.join(await makeFolder(store, "..", "runs"), "commit");
    expect((await sh.call("slipway_read_try", file)).code).not.toBe(0);
    await sh.loseReply();
    expect((await sh.call("slipway_commit_try", file, token, "hpc.42")).code).toBe(0);
    expect(await sh.read("slipway_committed")).toBe("hpc.42");
    expect((await sh.call("slipway_commit_try", file, token, "hpc.43")).code).toBe(0);
    expect(await sh.read("slipway_committed")).toBe("hpc.42");
    expect((await sh.call("slipway_commit_try", file, "sweep-x7k2m9.train.2", "hpc.44")).code).not.toBe(0);
    expect(await readText(file)).toBe(`version=1\ntoken=${token}\njob=hpc.42\nend=1\n`);
    expect(await namesIn(path.dirname(file))).toEqual(["commit"]);
  });

  test.each([
    ["half a record", (file: string) => writeFile(file, `version=1\ntoken=${token}\njob=hpc.4`)],
    ["a link", (file: string) => symlink("/etc/passwd", file)],
    ["a link to a folder", (file: string) => symlink("..", file)],
    ["a folder", (file: string) => mkdir(file)],
  ])("%s in the place of a commit record lets nobody start", async (_what, put) => {
    await using under = await withInstance();
    const runs = await makeFolder(under.store, "..", "runs");
    await put(path.join(runs, "commit"));
    const before = await treeOf(path.dirname(runs));
    expect((await under.sh.call("slipway_commit_try", path.join(runs, "commit"), token, "hpc.42")).code).not.toBe(0);
    expect(await treeOf(path.dirname(runs))).toEqual(before);
  });

  test("without hard links the record is still created by one only", async () => {
    await using under = await withInstance();
    const file = path.join(await makeFolder(under.store, "..", "runs"), "commit");
    await under.sh.call("eval", "ln() { return 1; }");
    for (const job of ["hpc.42", "hpc.43"]) await under.sh.call("slipway_commit_try", file, token, job);
    expect(await under.sh.read("slipway_committed")).toBe("hpc.42");
    expect(await namesIn(path.dirname(file))).toEqual(["commit"]);
  });

  test("many who commit one try at once agree on one job", async () => {
    await using under = await withInstance();
    const file = path.join(await makeFolder(under.store, "..", "runs"), "commit");
    const sessions = Array.from({ length: 6 }, () => openShell(under.store, shell));
    const committed = await Promise.all(
      sessions.map(async (session, index) => {
        const { code } = await session.call("slipway_commit_try", file, token, `hpc.${index}`);
        const winner = await session.read("slipway_committed");
        await session[Symbol.asyncDispose]();
        return `${code} ${winner}`;
      }),
    );
    expect(new Set(committed).size).toBe(1);
    expect(committed[0]).toMatch(/^0 hpc\.[0-5]$/);
  });

  test("a submit and a wrapper run with unset variables as errors, each with its own functions only", async () => {
    await using under = await withInstance();
    const { store, instance } = under;
    for (const [functions, script, lease] of [
      [submitFunctions, `slipway_lease_code '${store}' ${digest} ${token}`, `i.${token}`],
      [wrapperFunctions, `slipway_use_code '${store}' ${digest}.n1 ${digest} hpc 42 0`, "w.hpc.42"],
    ] as const) {
      const { code } = await under.sh.call(...sub(shell, `set -u\n${functions}${script}`));
      expect([code, await under.leases()]).toEqual([0, [lease]]);
      await rmdir(path.join(instance, "L", lease));
    }
  });
});

function sub(shell: readonly string[], script: string): [string, ...string[]] {
  const [file = "", ...args] = shell;
  return [file, ...args, "-c", script];
}
