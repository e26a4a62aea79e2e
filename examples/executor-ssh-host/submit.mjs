// @ts-check
import { randomBytes } from "node:crypto";

import { orderByNeeds, quoteShell, SlipwayError } from "@slipway/core";

import { runScript } from "./remote.mjs";

/**
 * Starts all jobs, or none: each script first commits itself to its job, then waits at a gate for the others.
 *
 * @param {readonly import("@slipway/core").JobPlan[]} plans
 * @param {{ transport: import("@slipway/core").Transport, jobDir: string, nice: number, signal: AbortSignal | undefined }} context
 * @returns {Promise<readonly import("@slipway/core").JobHandle[]>}
 */
export async function submit(plans, { transport, jobDir, nice, signal }) {
  const { ordered, cycle } = orderByNeeds(plans, ({ job }) => ({
    name: job.name,
    needs: job.needs.map((need) => need.job),
  }));
  if (cycle) throw new SlipwayError("EXECUTOR_DEPENDENCY_CYCLE", "The jobs wait for each other");
  const nonce = randomBytes(8).toString("hex");
  const [first] = ordered;
  if (first) await runScript(transport, renderSubmission(ordered, { jobDir, nice, nonce, first }), signal);
  return plans.map(({ token, experiment, job, runDir }) => ({ id: token, experiment, job: job.name, runDir }));
}

/**
 * @param {readonly import("@slipway/core").JobPlan[]} plans
 * @param {{ jobDir: string, nice: number, nonce: string, first: import("@slipway/core").JobPlan }} options
 */
function renderSubmission(plans, { jobDir, nice, nonce, first }) {
  const directories = plans.map(directoryOf).join(" ");
  return `${functions}
mkdir -p ${quoteShell(jobDir)} && cd ${quoteShell(jobDir)} && mkfifo -m 600 .gate-${nonce} || exit 1
gate=$PWD/.gate-${nonce} released=$PWD/${directoryOf(first)}/released nice=${nice} made='' started=''
${plans.map((plan) => renderDirectory(plan, nonce)).join("")}
for dir in ${directories}; do start "$dir"; done
if [ -n "$started" ]; then exec 8>"$gate"; fi
for dir in ${directories}; do await_commit "$dir" || give_up "$dir: the job did not begin"; done
: >"$released"
exec 8>&-
rm -f "$gate"
`;
}

const functions = `
# The gate closes without a release: what waits at it ends without having run.
give_up() {
  echo "$1" >&2
  exec 8>&-
  wait
  rm -rf "$gate" $made
  exit 1
}
start() { # DIR
  [ ! -e "$1/commit" ] || return
  script=$PWD/$1/job.sh
  (cd "$1" && exec nice -n "$nice" setsid sh "$script" "$released" <"$gate" >>wrapper.log 2>&1) &
  started=yes
}
await_commit() { # DIR
  tries=0
  until [ -e "$1/commit" ]; do
    tries=$((tries + 1))
    [ "$tries" -le 600 ] || return 1
    sleep 0.1
  done
}`;

/** Below the job_dir; names of experiments and jobs need no quoting (`isJobName`). */
function directoryOf(/** @type {import("@slipway/core").JobPlan} */ { experiment, job }) {
  return `runs/${experiment}/${job.name}`;
}

/**
 * A run directory is complete when it is visible.
 *
 * @param {import("@slipway/core").JobPlan} plan
 * @param {string} nonce
 */
function renderDirectory(plan, nonce) {
  const { experiment, job, token, code, files } = plan;
  const dir = directoryOf(plan);
  const unfinished = `.new-${job.name}.${nonce}`;
  const writes = files.map(({ path, content, mode }) => {
    const file = quoteShell(`runs/${experiment}/${unfinished}/${path}`);
    return `(umask 077; printf %s ${quoteShell(content)} >${file}) && chmod ${mode.toString(8)} ${file}`;
  });
  return `if [ ! -d ${dir} ]; then
  mkdir -p runs/${experiment} && cd runs/${experiment} && mkdir ${unfinished} ${unfinished}/run && cd ../.. &&
    ${writes.join(" &&\n    ")} &&
    ln -s ${quoteShell(code.directory)} runs/${experiment}/${unfinished}/code && mv runs/${experiment}/${unfinished} ${dir} || give_up ${dir}
  # Somebody else's was there first: then mv put ours into it.
  if [ -d ${dir}/${unfinished} ]; then rm -rf ${dir}/${unfinished}; else made="$made ${dir}"; fi
fi
grep -qxF ${quoteShell(`slipway_token=${quoteShell(token)}`)} ${dir}/job.sh || give_up "${dir} is another job's"
`;
}
