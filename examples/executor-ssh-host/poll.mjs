// @ts-check
import { quoteShell } from "@slipway/core";
import { judgeLocalJob, parseEvidence } from "@slipway/sbatch";

import { processFunctions } from "./processes.mjs";
import { runScript } from "./remote.mjs";

/**
 * Asks about all jobs in one command: their processes first, then what they have written, so that no end is missed.
 *
 * @param {readonly import("@slipway/core").JobHandle[]} handles
 * @param {{ transport: import("@slipway/core").Transport, signal: AbortSignal | undefined }} context
 * @returns {Promise<ReadonlyMap<string, import("@slipway/core").JobStatus>>}
 */
export async function poll(handles, { transport, signal }) {
  const asked = handles.map(({ runDir }, index) => `look ${index} ${quoteShell(runDir)}\n`).join("");
  const output = await runScript(transport, `${processFunctions}${look}${asked}`, signal);
  const statuses = new Map();
  for (const { index, alive, files } of readAnswer(output)) {
    const handle = handles[index];
    if (handle) statuses.set(handle.id, judgeLocalJob(parseEvidence(files), alive));
  }
  return statuses;
}

const look = String.raw`
look() { # INDEX DIR
  cd -- "$2" 2>/dev/null || return
  find_processes
  printf 'job %s %s %s %s %s\n' "$1" "$boot" "$wrapper" "$group" "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
  for file in commit cancel attempt-*.start attempt-*.group attempt-*.status attempt-*.exit; do
    [ -f "$file" ] || continue
    printf 'file %s %s\n' "$file" $(($(wc -c <"$file")))
    cat "$file"
  done
}
`;

/**
 * @typedef {{ index: number, alive: import("@slipway/sbatch").Liveness, files: Record<string, string> }} SeenJob
 *
 * @param {Buffer} output untrusted
 * @returns {readonly SeenJob[]}
 */
function readAnswer(output) {
  /** @type {SeenJob[]} */
  const jobs = [];
  for (let position = 0; position < output.length;) {
    const end = output.indexOf("\n", position);
    if (end < 0) break;
    const [word, name = "", boot = "", wrapper, group, at = ""] = output.toString("latin1", position, end).split(" ");
    position = end + 1;
    if (word === "job") {
      const alive = { boot, wrapper: wrapper === "yes", group: group === "yes", at };
      jobs.push({ index: Number(name), alive, files: {} });
    } else if (word === "file") {
      const length = Number(boot);
      const job = jobs.at(-1);
      if (job) job.files[name] = output.toString("utf8", position, position + length);
      position += length;
    }
  }
  return jobs;
}
