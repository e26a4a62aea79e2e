import { spawnSync } from "node:child_process";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";

import { temporaryDirectory } from "@slipway/testing";
import { expect, test } from "vitest";

import { callFunctions, callServer, submitFunctions } from "../src/index.ts";
import { makeFolder, treeOf } from "./store-under-test.ts";
import { asNobody, localTransport, searchPath } from "./transports.ts";

/** What a script prints and leaves, where the tools make its changes or where the server does. */
async function runBy(how: "tools" | "server", script: string, summed = "") {
  await using folder = await temporaryDirectory();
  const cwd = await makeFolder(folder.path, "job dir");
  await makeFolder(cwd, "full", "inner");
  await makeFolder(cwd, "empty");
  await writeFile(path.join(cwd, "file"), "text\n");
  await symlink("nowhere", path.join(cwd, "dangling"));
  const own = how === "server" ? `read -r _ <&9${callFunctions}${script}` : script;
  const start = 'exec perl -e "$0" "$PWD" "$1" sh -c "$2" 8>&1 9</dev/null';
  const argv = how === "server" ? ["-c", start, callServer, summed, own] : ["-c", own];
  const { stdout, stderr } = spawnSync("sh", argv, { cwd, encoding: "utf8", env: { PATH: searchPath, LC_ALL: "C" } });
  const words = stderr.split("\n").map((line) => line.slice(line.lastIndexOf(": ") + 2));
  return { stdout, words, tree: await treeOf(cwd) };
}

test.each([
  "mkdir new",
  "mkdir new new/inner other",
  "mkdir empty",
  "mkdir -p a/b/c",
  "mkdir nowhere/new",
  "rmdir empty",
  "rmdir full",
  "rmdir file",
  "rmdir missing",
  "mv file other",
  "mv -f file empty",
  "mv empty moved",
  "mv full empty",
  "mv missing other",
  "ln file linked",
  "ln -s target pointing",
  "ln -s target file",
  "ln -sfn target dangling",
  "rm -f file",
  "rm -f file missing dangling",
  "rm -rf full",
  "rm -f empty",
  "touch -c file",
  "touch -c missing",
  "mkdir 'with  spaces' && mv 'with  spaces' \"it's\"",
])("%s does the same by the server as by the tool, and says why it does not", async (command) => {
  const script = `${command}; echo $?`;
  const [byTool, byServer] = [await runBy("tools", script), await runBy("server", script)];
  expect(byServer).toEqual(byTool);
});

test("ln puts nothing into a folder of that name", async () => {
  const { stdout, tree } = await runBy("server", "ln file full; echo $?");
  expect([stdout, tree]).toEqual(["1\n", (await runBy("tools", "")).tree]);
});

test("the first answer holds the sums of the files that were named", async () => {
  await using folder = await temporaryDirectory();
  await writeFile(path.join(folder.path, "a"), "a");
  const start = 'exec perl -e "$0" "$1" "a missing" sh -c "read -r sums <&9; echo \\$sums" 8>&1 9</dev/null';
  const { stdout } = spawnSync("sh", ["-c", start, callServer, folder.path], { encoding: "utf8" });
  expect(stdout).toBe("0 ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb a\n");
});

test("a sum that was begun before is the same, and the umask is that of the beginning", async () => {
  const script = `umask 027; mkdir new
slipway_call umask; echo "$slipway_answer"
slipway_begin_digest file; slipway_digest file; echo "$slipway_sum"; slipway_digest file; echo "$slipway_sum"`;
  const { stdout } = await runBy("server", script);
  const sum = "fd848e27bd15ebde31a33e0ffb16b25e8bfbaa63a89f8c92d6dc2a3d0e3b1dcb";
  const [mask, ...sums] = stdout.trim().split("\n");
  expect([mask, new Set(sums).size, sums[0]?.length]).toEqual(["0022", 1, sum.length]);
});

test("a call that nobody answers has failed, and the shell goes on", async () => {
  const script = `trap "" PIPE
exec 8>&- 9<&-
exec 8>/dev/null 9</dev/null
mkdir new; echo $?`;
  const { stdout, words } = await runBy("server", script);
  expect([stdout, words]).toEqual(["1\n", ["no answer", ""]]);
});

test("what a folder's owner may not write is refused by the server with the tool's reason", async () => {
  await using folder = await temporaryDirectory();
  const place = await makeFolder(folder.path, "place");
  await mkdir(path.join(place, "L"));
  await chmod(place, 0o755);
  const script = `${submitFunctions}read -r _ <&9${callFunctions}slipway_mark "$0" x; echo $?; mkdir "$0/L/y"; echo $?`;
  const start = 'exec perl -e "$0" / "" sh -c "$1" "$2" 8>&1 9</dev/null';
  await chmod(folder.path, 0o755);
  await using transport = asNobody(localTransport());
  const result = await transport.exec(["sh", "-c", start, callServer, script, place]);
  expect([Buffer.from(result.stdout).toString(), result.stderr]).toEqual([
    "1\n1\n",
    `mkdir: ${place}/L/y: Permission denied\n`,
  ]);
});

test("what is queued is done in its order, and nothing of it after a failure, which is the next call's answer", async () => {
  const script = `say() { echo "$?" "$slipway_answer"; }
slipway_queue mkdir new
slipway_queue_file 600 '' new/private 2 'a
b'
slipway_queue_file 755 file new/run 2 'own
'
slipway_queue symlink ../file new/link
slipway_call mv new moved; say
slipway_queue mkdir full
slipway_queue_file 644 '' late 1 x
slipway_call mkdir later; say
slipway_queue_file 644 missing new/other 1 x
slipway_call umask; say
slipway_queue_file 644 '' empty/file 1 ''
slipway_call umask; say
stat -c '%a %n' moved/private moved/run; cat moved/private moved/run`;
  const { stdout, tree } = await runBy("server", script);
  const lines = ["0 ", "1 mkdir: full: File exists", "1 write: new/other: No such file or directory", "0 0022"];
  const contents = ["a", "bown", "text", ""];
  expect(stdout.split("\n")).toEqual([...lines, "600 moved/private", "755 moved/run", ...contents]);
  expect(Object.keys(tree).filter((name) => /^(late|moved|empty)/.test(name))).toEqual([
    "empty/",
    "empty/file",
    "moved/",
    "moved/link",
    "moved/private",
    "moved/run",
  ]);
});
