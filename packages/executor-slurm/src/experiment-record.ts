import { quoteShell } from "@slipway/core";
import type { ExperimentRecord } from "@slipway/core";

/** In `runs/<experiment>`: from it any machine can rebuild its index. */
export const recordFile = "experiment.json";

/** Below the job_dir. */
export function experimentDirectory(id: string): string {
  return `runs/${id}`;
}

/** Shell text that keeps the record beside the jobs, whole or not at all; before any job is submitted, after `submitSteps`. */
export function renderRecord(record: ExperimentRecord | undefined): string {
  if (!record) return "";
  const directory = quoteShell(experimentDirectory(record.id));
  const draft = `${directory}/.record.$nonce`;
  const content = quoteShell(`${JSON.stringify(record, undefined, 2)}\n`);
  return `folder ${directory}
umask 022
printf %s ${content} >${draft} && mv -f ${draft} ${directory}/${recordFile} || { rm -f ${draft}; stop folder ${directory}/${recordFile}; }
umask "$mask"
recorded=${directory}/${recordFile}
`;
}
