import type { ExperimentRecord } from "@slipway/core";
import { followExperiment } from "@slipway/experiment";
import type { ExperimentStatus } from "@slipway/experiment";

import type { Context } from "../context.ts";
import type { Target } from "../target.ts";
import { openScreen } from "./screen.ts";
import { renderStatus } from "./status.ts";
import { hasColor, paint } from "./text.ts";

const redrawMs = 1_000;

/** The status as it changes, until the jobs have ended: in its place on a terminal, else one after another. */
export async function watchStatus({ record, jobs, executor }: Target, context: Context): Promise<ExperimentStatus> {
  const { stdout, env, signal } = context;
  const following = followExperiment({ record, jobs, executor, signal, firstDelayMs: 250, maxDelayMs: 2_000 });
  const color = hasColor(stdout, env);
  const render = (status: ExperimentStatus) =>
    renderStatus(status, { color, why: false, now: new Date(), needs: needsByJob(record) });
  let last: ExperimentStatus | undefined;
  if (!stdout.isTTY || env["TERM"] === "dumb") {
    for await (const status of following) stdout.write(render((last = status)));
  } else {
    const screen = openScreen(stdout, () => redraw());
    const redraw = () => last && screen.draw(render(last).trimEnd().split("\n"), paint("…", "dim", color));
    const timer = setInterval(redraw, redrawMs); // Times go on.
    try {
      for await (const status of following) {
        last = status;
        redraw();
      }
    } finally {
      clearInterval(timer);
      screen.close();
    }
  }
  if (!last) throw new Error(`No status of ${record.id}`);
  return last;
}

/** `← train, prepare (any)` */
function needsByJob({ jobs }: ExperimentRecord): ReadonlyMap<string, string> {
  return new Map(
    jobs.flatMap(({ name, needs }) => {
      const words = needs.map(({ job, type, experiment }) => {
        const where = experiment === undefined ? "" : `${experiment}/`;
        return `${where}${job}${type === "ok" ? "" : ` (${type})`}`;
      });
      return words.length === 0 ? [] : [[name, `← ${words.join(", ")}`] as const];
    }),
  );
}
