import type { Executor, ExperimentRecord, Transport } from "@slipway/core";
import type { ExperimentEvent, SubmitOptions } from "@slipway/experiment";

import { cleanAfterSubmission } from "../cleaning/background.ts";
import { openRecords } from "../compose.ts";
import { Interrupted } from "../context.ts";
import type { Context } from "../context.ts";
import { exitCodeOfOutcome, exitCodes } from "../exit-codes.ts";
import { jobDocument, printJson } from "../json.ts";
import { withProgress } from "../report/progress.ts";
import type { RunCode } from "./code.ts";
import { dryRun } from "./dry-run.ts";
import { followRun } from "./follow.ts";
import type { RunTarget } from "./target.ts";
import { tellSubmission } from "./tell.ts";

/** What happens after a submission, or in place of one. */
export interface LaunchOptions {
  readonly follow?: true | undefined;
  readonly wait?: true | undefined;
  readonly detach?: true | undefined;
  readonly dryRun?: true | undefined;
  readonly json?: true | undefined;
}

export interface Launch {
  readonly target: RunTarget;
  /** Asked while a connection is being made. */
  readonly openCode: () => Promise<RunCode>;
  readonly rerunOf?: string | undefined;
  readonly options: LaunchOptions;
}

/** Submits an experiment with its code, and follows it as long as it was asked to; the exit code. */
export async function launch({ target, openCode, rerunOf, options }: Launch, context: Context): Promise<number> {
  const { experiment, secrets, cluster, clusterFile } = target;
  let transport: Transport | undefined;
  const onTransport = (used: Transport) => (transport = used);
  await using executor = await target.open({ connectsNow: !options.dryRun, onTransport }); // While the code is packed.
  await using code = await openCode();
  const { bundle } = code;
  const { submitExperiment } = await import("@slipway/experiment");
  if (options.dryRun) {
    await dryRun({ experiment, bundle, executor, secrets, cluster, json: options.json }, context);
    return exitCodes.success;
  }
  const events: ExperimentEvent[] = [];
  const submission: SubmitOptions = {
    experiment,
    cluster,
    clusterFile,
    rerunOf,
    bundle,
    executor,
    secrets,
    records: await openRecords(context),
    cwd: context.cwd,
    slipwayVersion: context.version,
    signal: context.signal,
    onEvent: (event) => events.push(event),
  };
  const record = await withProgress("storing the code and submitting", context, () =>
    submitExperiment(submission),
  ).finally(() => tellSubmission(events, context));
  await using _cleaning = cleanAfterSubmission({ config: target.config, transport }, context);
  return await afterSubmission({ record, executor, options }, context); // Before the connection is closed.
}

interface Submitted {
  readonly record: ExperimentRecord;
  readonly executor: Executor;
  readonly options: LaunchOptions;
}

async function afterSubmission({ record, executor, options }: Submitted, context: Context): Promise<number> {
  const { pollExperiments } = await import("@slipway/experiment");
  const { id, cluster, code } = record;
  const stays = options.follow ?? options.wait ?? (cluster === "local" && !options.detach);
  try {
    const following = { record, executor, showsOutput: !options.wait, json: options.json === true };
    if (!stays && !options.json) {
      context.stdout.write(`${id}\n`);
      return exitCodes.success;
    }
    const [status] = stays
      ? [await followRun(following, context)]
      : await pollExperiments({ records: [record], executor });
    if (options.json) {
      const jobs = status?.jobs.map(jobDocument);
      printJson(context.stdout, {
        experiment: id,
        cluster,
        digest: code.digest,
        uploadedBytes: code.uploadedBytes,
        jobs,
      });
    }
    return stays && status ? exitCodeOfOutcome(status) : exitCodes.success;
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    context.stderr.write(
      `\nStopped following; ${id} goes on.\n  see it: slipway logs -f ${id}   end it: slipway cancel ${id}\n`,
    );
    return exitCodes.interrupted;
  }
}
