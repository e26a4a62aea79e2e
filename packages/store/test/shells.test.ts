import { access, constants } from "node:fs/promises";
import path from "node:path";

import type { Transport } from "@slipway/core";
import { temporaryDirectory } from "@slipway/testing";
import { openLocalTransport } from "@slipway/transport-local";
import { describe, expect, test } from "vitest";

import { createCodeStore } from "../src/index.ts";
import type { StoreEvent } from "../src/index.ts";
import { bundleOf } from "./bundle.ts";
import type { BundledFile } from "./bundle.ts";
import { errorOf, namesIn, treeOf } from "./store-under-test.ts";
import { folderOfCommands, localTransport, searchPath, withShell } from "./transports.ts";

const posixTools = [
  "cat",
  "chmod",
  "cp",
  "date",
  "dd",
  "find",
  "grep",
  "gzip",
  "head",
  "ln",
  "ls",
  "mkdir",
  "mv",
  "readlink",
  "rm",
  "rmdir",
  "sed",
  "sort",
  "stat",
  "sync",
  "tail",
  "uniq",
];

interface Host {
  readonly name: string;
  readonly shell: readonly string[];
  /** Commands of its PATH by name, with the program that each is; absent: this machine's PATH. */
  readonly commands?: Readonly<Record<string, string>>;
  readonly needs: readonly string[];
}

const busybox = Object.fromEntries([...posixTools, "sh", "tar", "sha256sum"].map((command) => [command, "busybox"]));
const ownTools = Object.fromEntries([...posixTools, "sh"].map((command) => [command, command]));

const hosts: readonly Host[] = [
  { name: "dash", shell: ["dash"], needs: ["dash"] },
  { name: "bash", shell: ["bash"], needs: ["bash"] },
  {
    name: "bash as sh",
    shell: ["sh"],
    commands: { ...ownTools, sh: "bash", tar: "tar", sha256sum: "sha256sum" },
    needs: ["bash"],
  },
  { name: "busybox sh", shell: ["busybox", "sh"], needs: ["busybox"] },
  { name: "busybox alone", shell: ["sh"], commands: busybox, needs: ["busybox"] },
  {
    name: "bsdtar and shasum, as on macOS",
    shell: ["sh"],
    commands: { ...ownTools, tar: "bsdtar", shasum: "shasum", perl: "perl" },
    needs: ["bsdtar", "shasum"],
  },
];

const oddFiles: readonly BundledFile[] = [
  { path: "plain.py", content: "plain" },
  { path: "a b  c ", content: "spaces" },
  { path: "-n", content: "dash" },
  { path: "*?[x]", content: "pattern", executable: true },
  { path: "$(touch oops)`touch oops`", content: "command" },
  { path: "'\"", content: "quotes" },
  { path: "line\nbreak", content: "newline" },
  { path: "trailing\n", content: "newline last", executable: true },
  { path: "tab\there", content: "tab" },
  { path: "back\\slash", content: "backslash" },
  { path: "\\0101", content: "an escape that is none" },
  { path: "%s%b", content: "format" },
  { path: "x: OK", content: "as sha256sum says" },
  { path: "dir with\nnewline/é💥/..x", content: "deep" },
  { path: "carriage\rreturn", content: "cr" },
  { path: "links/plain", target: "../plain.py" },
  { path: "links/dangling", target: "/no/such/$(place)" },
  { path: "links/odd\nname", target: "line\nbreak\n" },
  { path: "links/back\\slash", target: "\\0101" },
  { path: `long/${"n".repeat(200)}/${"m".repeat(200)}`, content: "long" },
];
const notUtf8: readonly BundledFile[] = [
  { path: Buffer.from([0x61, 0xff, 0xfe]), content: "latin", executable: true },
  { path: Buffer.from("links/\xe9", "latin1"), target: Buffer.from([0xc3, 0x28]) },
];

describe.each(hosts)("on a host with $name", (host) => {
  async function withHost(use: (transport: Transport, root: string) => Promise<void>): Promise<void> {
    await using folder = await temporaryDirectory();
    const commands = host.commands && (await pathOf(host.commands, `${folder.path}/bin`));
    await using transport = openLocalTransport({ env: { PATH: commands ?? searchPath, HOME: folder.path } });
    await use(withShell(transport, ...host.shell), `${folder.path}/root`);
  }
  const isMissing = async () => (await missing(host.needs)).length > 0;

  test("every name, content, mode and target arrives byte for byte", async ({ skip }) => {
    skip(await isMissing(), `needs ${host.needs.join(", ")}`);
    await withHost(async (transport, root) => {
      const store = createCodeStore({ transport, root, clusterName: "local" });
      const files = [...oddFiles, ...notUtf8];
      const staged = await store.stage(await bundleOf(...files));
      expect(await filesIn(staged.directory)).toEqual(shown(files));
      expect(await store.stage(await bundleOf(...files))).toMatchObject({ reused: true, instance: staged.instance });
      expect(await store.verify(staged.instance)).toEqual([]);
      expect(await namesIn(root)).toEqual(["store"]);
    });
  });

  test.for(["local", "far"])(
    "of changed code only the changes travel, to a host that is %s",
    async (place, { skip }) => {
      skip(await isMissing(), `needs ${host.needs.join(", ")}`);
      await withHost(async (transport, root) => {
        const events: StoreEvent[] = [];
        const store = createCodeStore({
          transport: { ...transport, host: place },
          root,
          clusterName: "local",
          cacheDirectory: `${root}/../cache`,
          onEvent: (event) => events.push(event),
        });
        const many = Array.from({ length: 40 }, (_, index) => ({ path: `many/${index}`, content: `${index}` }));
        const before = [...oddFiles, ...notUtf8, ...many];
        for (const files of [before, before.flatMap(changedFile)]) {
          const staged = await store.stage(await bundleOf(...files));
          expect(await filesIn(staged.directory)).toEqual(shown(files));
          expect(await store.verify(staged.instance)).toEqual([]);
        }
        const uploads = events.filter((event) => event.type === "store.uploading");
        expect(uploads.map((event) => "takenFrom" in event)).toEqual([false, true]);
        expect(uploads[1]?.files).toBe(1);
        expect((await store.examine({ deep: true }))?.instances.map(({ problems }) => problems)).toEqual([[], []]);
        expect(events.filter((event) => event.type === "store.delta_failed")).toEqual([]);
      });
    },
  );

  test("each kind of damage is found and named", async ({ skip }) => {
    skip(await isMissing(), `needs ${host.needs.join(", ")}`);
    await withHost(async (transport, root) => {
      const store = createCodeStore({ transport, root, clusterName: "local" });
      const whole = await store.stage(await bundleOf(...oddFiles, { path: "unique" }));
      await using local = localTransport();
      for (const [index, [script, problem]] of damages.entries()) {
        const instance = `${whole.digest}.damaged${index}`;
        const copy = `cd "$1" && cp -a ${whole.instance} ${instance} && cd ${instance}/tree && chmod u+w . links`;
        const damage = `${copy} && { ${script}; } && chmod a-w . links`;
        const done = await local.exec(["sh", "-c", damage, "sh", `${root}/store/code`]);
        expect([script, done.exitCode, await store.verify(instance)]).toEqual([script, 0, problem]);
      }
    });
  });

  test("a cut upload leaves nothing", async ({ skip }) => {
    skip(await isMissing(), `needs ${host.needs.join(", ")}`);
    await withHost(async (transport, root) => {
      const store = createCodeStore({ transport, root, clusterName: "local" });
      const bundle = await bundleOf(...oddFiles);
      async function* cut() {
        for await (const bytes of bundle.tar()) {
          yield bytes.subarray(0, 9_000);
          return;
        }
      }
      const error = await errorOf(store.stage({ ...bundle, tar: cut }));
      expect(error.code).toBe("STORE_CORRUPT_UPLOAD");
      expect([await namesIn(`${root}/store/code`), await namesIn(`${root}/store/trash`)]).toEqual([[], []]);
    });
  });
});

/** One content is new; the others go, move, or get another mode. */
function changedFile(file: BundledFile): readonly BundledFile[] {
  switch (file.path) {
    case "trailing\n":
      return [];
    case "plain.py":
      return [{ path: "plain.py/now a folder", content: "changed" }];
    case "line\nbreak":
      return [{ ...file, path: "dir with\nnewline/line\nbreak" }];
    case "tab\there":
      return [{ ...file, path: "moved\\" }];
    case "back\\slash":
      return [{ ...file, executable: true }];
    default:
      return [file];
  }
}

async function filesIn(directory: string): Promise<Readonly<Record<string, string>>> {
  return Object.fromEntries(Object.entries(await treeOf(directory)).filter(([name]) => !name.endsWith("/")));
}

/** What `filesIn` says of these. */
function shown(files: readonly BundledFile[]): Readonly<Record<string, string>> {
  const lines = files.map(({ path: name, content: text = "", executable, target }) => [
    Buffer.from(name).toString("latin1"),
    target === undefined ? `${executable ? 555 : 444} ${String(text)}` : `-> ${Buffer.from(target).toString("latin1")}`,
  ]);
  return Object.fromEntries(lines);
}

const count = (what: string, found: number, expected: number) => `${found} ${what} where its manifest has ${expected}`;
const content = (name: string) => `the content of tree/${name} is not what its manifest says`;

/** What is done to an instance of `oddFiles` and one more file, and what verify says of it. */
const damages: readonly (readonly [script: string, problems: readonly string[]])[] = [
  ["chmod u+w plain.py; echo x >>plain.py; chmod a-w plain.py", [content("plain.py")]],
  [
    'chmod u+w "$(printf "line\\nbreak")"; echo x >"$(printf "line\\nbreak")"; chmod a-w "$(printf "line\\nbreak")"',
    [content("line\\0012break")],
  ],
  ["rm -f plain.py", [count("files", 16, 17), "tree/plain.py is missing"]],
  ["echo x >new; chmod a-w new", [count("files", 18, 17), "tree/new is not in its manifest"]],
  ["mkdir empty; chmod a-w empty", [count("directories", 7, 6)]],
  ["chmod u+w plain.py", [count("writable files and directories", 1, 0)]],
  ["chmod a+x plain.py", [count("executable files", 3, 2)]],
  ["chmod a+x plain.py; chmod a-x '*?[x]'", ["other files may be executed than its manifest says"]],
  ["ln -sf elsewhere links/plain", ["the target of the link tree/links/plain is not what its manifest says"]],
  ["rm -f plain.py; ln -s unique plain.py", [count("files", 16, 17), count("symbolic links", 5, 4)]],
  ["rm ../manifest", ["its manifest is missing"]],
  ["chmod u+w ../manifest; echo x >>../manifest", ["its manifest is not the one of its digest"]],
];

async function missing(commands: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(commands.map(findCommand));
  return commands.filter((_, index) => found[index] === undefined);
}

async function findCommand(command: string): Promise<string | undefined> {
  for (const folder of searchPath.split(":")) {
    const file = path.join(folder, command);
    try {
      await access(file, constants.X_OK);
      return file;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

async function pathOf(commands: Readonly<Record<string, string>>, folder: string): Promise<string> {
  const programs: Record<string, string> = {};
  for (const [name, command] of Object.entries(commands)) programs[name] = (await findCommand(command)) ?? command;
  return folderOfCommands(folder, programs);
}
