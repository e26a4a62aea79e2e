import { quoteShell } from "@slipway/core";
import type { Manifest } from "@slipway/core";

import { latin1 } from "../paths.ts";
import { renderManifestPatch } from "./manifest-patch.ts";
import { splitPath } from "./plan.ts";
import type { DeltaPlan, TakenFile } from "./plan.ts";
import { escapeForPrintf, renderAssignment, renderCalls } from "./words.ts";

export interface DeltaText {
  /** Shell functions and values that the `delta` snippet calls, in plain ASCII. */
  readonly text: string;
  /** Whether the whole manifest must be the first file of the tar, because its changes would be no shorter. */
  readonly sendsManifest: boolean;
}

/** Beyond this part of the whole manifest, its changes are not sent apart. */
const largestPatchPart = 0.25;

/** What `part.ts` does with a plan, as text. */
export function renderDelta(plan: DeltaPlan, wanted: Manifest, manifestBytes: number): DeltaText {
  const patch = renderManifestPatch(plan.base.manifest, wanted).map(escapeForPrintf);
  const patchBytes = patch.reduce((sum, line) => sum + line.length + 3, 0);
  const sendsManifest = patchBytes > largestPatchPart * manifestBytes;
  const sends = plan.sent.size > 0 || sendsManifest;
  const text = [
    `base=${plan.base.instance} instances=${quoteShell(plan.instances.join(" "))}\n`,
    `clones=${yes(plan.clones)} sends=${yes(sends)} patches=${yes(!sendsManifest)}\n`,
    "open_up() {\n",
    plan.clones ? renderCalls("chmod u+w", plan.openedDirectories.map(inTree)) : "",
    "}\nchange() {\n",
    renderCalls("rm -f", plan.removedFiles.map(inTree)),
    renderCalls("rmdir", plan.removedDirectories.map(inTree)),
    renderCalls("mkdir -p", plan.newDirectories.map(inTree)),
    renderTaken(plan.taken),
    "}\nrepeat() {\n",
    renderTaken(plan.repeated),
    "}\npatch_text() {\n",
    sendsManifest ? ":\n" : `printf "%b\\n" ${patch.map(quoteShell).join(" ")}\n`,
    "}\n",
  ];
  return { text: text.join("").replaceAll("() {\n}", "() {\n:\n}"), sendsManifest };
}

const yes = (value: boolean) => (value ? "yes" : "''");
const inTree = (path: string) => `./${path}`;
const sourcePath = ({ instance, source }: TakenFile) =>
  instance === "" ? inTree(latin1(source.path)) : `../../${instance}/tree/${latin1(source.path)}`;

/** Files that keep their names go together, a directory at a time; a file whose mode changes cannot share its inode. */
function renderTaken(files: readonly TakenFile[]): string {
  const groups = new Map<string, TakenFile[]>();
  const renamed: TakenFile[] = [];
  for (const file of files) {
    const [from, to] = [splitPath(latin1(file.source.path)), splitPath(latin1(file.target.path))];
    if (from.name !== to.name) renamed.push(file);
    else {
      const key = JSON.stringify([file.instance, from.directory, to.directory, keepsMode(file)]);
      groups.set(key, [...(groups.get(key) ?? []), file]);
    }
  }
  const changed = files.filter((file) => !keepsMode(file));
  return [
    ...[...groups.values()].map(renderGroup),
    ...renamed.map(renderRenamed),
    renderCalls("chmod 555", pathsOfMode(changed, 0o755)),
    renderCalls("chmod 444", pathsOfMode(changed, 0o644)),
  ].join("");
}

function renderGroup(files: readonly TakenFile[]): string {
  const [first] = files;
  if (!first) return "";
  const { directory } = splitPath(latin1(first.target.path));
  const command = keepsMode(first) ? "place" : "place_copies";
  return renderAssignment("into", inTree(directory)) + renderCalls(command, files.map(sourcePath));
}

function renderRenamed(file: TakenFile): string {
  const command = keepsMode(file) ? "place_as" : "copy_as";
  const paths = renderAssignment("from", sourcePath(file)) + renderAssignment("to", inTree(latin1(file.target.path)));
  return `${paths}${command} "$from" "$to" || return 1\n`;
}

const keepsMode = ({ source, target }: TakenFile) => source.mode === target.mode;

function pathsOfMode(files: readonly TakenFile[], mode: number): readonly string[] {
  return files.filter(({ target }) => target.mode === mode).map(({ target }) => inTree(latin1(target.path)));
}
