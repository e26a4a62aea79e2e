import type { Executor, ExperimentRecord, Transport } from "@slipway/core";
import type { ExperimentEvent, SubmitOptions } from "@slipway/experiment";

import { cleanAfterSubmission } from "../cleaning/background.ts";
import { openRecords } from "../compose.ts";
import { Interrupted } from "../context.ts";
import type { Context, SetExitCode } from "../context.ts";
import { exitCodeOfOutcome, exitCodes } from "../exit-codes.ts";
import { jobDocument, printJson } from "../json.ts";
import { loadProject } from "../project.ts";
import { withProgress } from "../report/progress.ts";
import { openCode } from "./code.ts";
import type { CodeOptions } from "./code.ts";
import { dryRun } from "./dry-run.ts";
import { readExperiment } from "./experiment.ts";
import type { ExperimentSource, JobOptions } from "./experiment.ts";
import { followRun } from "./follow.ts";
import { forCluster } from "./target.ts";
import { tellSubmission } from "./tell.ts";

export interface RunOptions extends JobOptions, CodeOptions {
  readonly cluster?: string | undefined;
  readonly follow?: true | undefined;
  readonly wait?: true | undefined;
  readonly detach?: true | undefined;
  readonly dryRun?: true | undefined;
  readonly json?: true | undefined;
}

export interface RunRequest extends ExperimentSource {
  readonly options: RunOptions;
}

/** Reads what is wanted, packs the code, submits, and follows as long as it was asked to. */
export async function runExperiment(request: RunRequest, context: Context, setExitCode: SetExitCode): Promise<void> {
  const { options } = request;
  const wanted = await readExperiment(request, context);
  const project = await loadProject(context);
  const name = options.cluster ?? wanted.cluster ?? project.cluster ?? "local";
  const target = await forCluster(name, wanted, context, project);
  const { experiment, secrets, cluster, clusterFile } = target;
  let transport: Transport | undefined;
  const onTransport = (used: Transport) => (transport = used);
  await using executor = await target.open({ connectsNow: !options.dryRun, onTransport }); // While the code is packed.
  await using code = await openCode(options, project, context);
  const { bundle } = code;
  if (options.dryRun) return dryRun({ experiment, bundle, executor, secrets, cluster, json: options.json }, context);
  const { submitExperiment } = await import("@slipway/experiment");
  const events: ExperimentEvent[] = [];
  const submission: SubmitOptions = {
    experiment,
    cluster,
    clusterFile,
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
  setExitCode(await afterSubmission({ record, executor, options }, context));
}

interface Submitted {
  readonly record: ExperimentRecord;
  readonly executor: Executor;
  readonly options: RunOptions;
}

async function afterSubmission({ record, executor, options }: Submitted, context: Context): Promise<number> {
  const { pollExperiments } = await import("@slipway/experiment");
  const { id, cluster, code } = record;
  const stays = options.follow ?? options.wait ?? (cluster === "local" && !options.detach);
  try {
    if (!stays && !options.json) {
      context.stdout.write(`${id}\n`);
      return exitCodes.success;
    }
    const [status] = stays
      ? [await followRun({ record, executor, showsOutput: !options.wait, json: options.json === true }, context)]
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
