import type { ExperimentEvent } from "@slipway/experiment";

import type { Context } from "../context.ts";
import { nameAll } from "../report/text.ts";

/** Says on stderr what happened during a submission; what is said of several jobs is said once. */
export function tellSubmission(events: readonly ExperimentEvent[], { stderr }: Pick<Context, "stderr">): void {
  const jobsByWarning = new Map<string, string[]>();
  for (const event of events) {
    if (event.type !== "experiment.warning") continue;
    const jobs = jobsByWarning.get(event.message) ?? [];
    jobsByWarning.set(event.message, event.job === undefined ? jobs : [...jobs, event.job]);
  }
  for (const [message, jobs] of jobsByWarning)
    stderr.write(`warning: ${jobs.length === 0 ? "" : `${nameAll(jobs)}: `}${message}\n`);
  for (const event of events) {
    if (event.type === "experiment.unclear")
      stderr.write(
        `note: nobody can tell yet whether ${event.record.id} was submitted; slipway status looks for its jobs\n`,
      );
    if (event.type !== "experiment.submitted") continue;
    const { id, cluster, jobs } = event.record;
    const where = cluster === "local" ? "" : ` to ${cluster}`;
    stderr.write(`${id} submitted${where}: ${nameAll(jobs.map(({ name }) => name))}\n`);
  }
}
