import type { ExperimentRecord } from "@slipway/core";
import { followExperiment } from "@slipway/experiment";
import type { ExperimentStatus } from "@slipway/experiment";

import type { Context } from "../context.ts";
import type { Target } from "../target.ts";
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
    const screen = openScreen(stdout);
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

interface Screen {
  /** Draws over what was drawn before, in one write; lines that the terminal has no room for are left out. */
  draw(lines: readonly string[], more: string): void;
  close(): void;
}

/** Source: ECMA-48; DECAWM (7) and DECTCEM (25) of xterm's control sequences. */
function openScreen(stdout: Context["stdout"]): Screen {
  let drawn = 0;
  return {
    draw(lines, more) {
      const most = Math.max(2, (stdout.rows ?? 24) - 1);
      const shown = lines.length > most ? [...lines.slice(0, most - 1), more] : lines;
      const up = drawn > 0 ? `\u001b[${drawn}A` : "";
      const body = shown.map((line) => `${line}\u001b[K\n`).join("");
      stdout.write(`\u001b[?25l\u001b[?7l${up}\r${body}\u001b[J\u001b[?7h`);
      drawn = shown.length;
    },
    close: () => void stdout.write("\u001b[?25h"),
  };
}
