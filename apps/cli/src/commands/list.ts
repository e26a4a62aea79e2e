import { Command, Option } from "@commander-js/extra-typings";
import { jobStates } from "@slipway/core";
import type { ExperimentRecord } from "@slipway/core";
import type { ExperimentStatus } from "@slipway/experiment";

import { readRecords } from "../compose.ts";
import type { Context } from "../context.ts";
import { printJson } from "../json.ts";
import { formatDuration, hasColor, paint, renderTable, stateText } from "../report/text.ts";
import { pollAll } from "../statuses.ts";
import { wholeNumber } from "../values.ts";

export function listCommand(context: Context) {
  return new Command("list")
    .description("list experiments, newest first")
    .option("--cluster <C>", "only those of this cluster")
    .addOption(new Option("--state <S>", "only those in this state").choices(jobStates))
    .option("--limit <N>", "at most so many", wholeNumber(1), 30)
    .option("--json", "print one JSON document")
    .action(async ({ cluster, state, limit, json }) => {
      const records = (await readRecords(context)).filter(
        (record) => cluster === undefined || record.cluster === cluster,
      );
      const rows = await firstRows(records, { state, limit }, context);
      if (json) return printJson(context.stdout, rows.map(rowDocument));
      if (rows.length === 0) return void context.stderr.write("No experiments\n");
      context.stdout.write(renderRows(rows, { color: hasColor(context.stdout, context.env), now: new Date() }));
    });
}

interface Row {
  readonly record: ExperimentRecord;
  readonly status: ExperimentStatus;
}

/** Without a filter by state only the rows that are shown are asked about. */
async function firstRows(
  records: readonly ExperimentRecord[],
  { state, limit }: { readonly state: string | undefined; readonly limit: number },
  context: Context,
): Promise<readonly Row[]> {
  const asked = state === undefined ? records.slice(0, limit) : records;
  const statuses = new Map((await pollAll(asked, context)).map((status) => [status.experiment, status]));
  const rows = asked.flatMap((record): Row[] => {
    const status = statuses.get(record.id);
    return status && (state === undefined || status.state === state) ? [{ record, status }] : [];
  });
  return rows.slice(0, limit);
}

function rowDocument({ record, status }: Row): object {
  const { id, name, cluster, createdAt, code } = record;
  const { commit, dirty, digest } = code;
  return { experiment: id, name, cluster, state: status.state, createdAt, commit, dirty, digest, pinned: false };
}

function renderRows(rows: readonly Row[], { color, now }: { readonly color: boolean; readonly now: Date }): string {
  const head = ["EXPERIMENT", "CLUSTER", "STATE", "AGE", "COMMIT", "CODE"].map((title) => paint(title, "dim", color));
  const lines = rows.map(({ record: { id, cluster, createdAt, code }, status: { state } }) => [
    id,
    cluster,
    stateText(state, color),
    formatDuration(now.getTime() - new Date(createdAt).getTime()),
    code.commit === undefined ? "–" : `${code.commit.slice(0, 10)}${code.dirty ? "+" : ""}`,
    code.digest.slice(0, 12),
  ]);
  return renderTable([head, ...lines]);
}
