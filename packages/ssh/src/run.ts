import { stripControlCharacters } from "@slipway/core";
import type { Clock, ExecOptions, ExecResult } from "@slipway/core";

import { SshError } from "./error.ts";
import { createFrameReader } from "./frame.ts";
import type { FrameReader } from "./frame.ts";
import { writeInput } from "./input.ts";
import type { Link, RemoteEnd } from "./link.ts";
import { keepTail } from "./output.ts";
import { signalOfExitCode } from "./signals.ts";
import type { SparingLink } from "./spare.ts";
import { endRemoteCommand } from "./stop.ts";
import type { StoppableCommand } from "./stop.ts";

export interface RunOptions extends ExecOptions {
  /** For people. */
  readonly host: string;
  readonly clock: Clock;
  readonly onSent: (bytes: number) => void;
}

const stderrLimitBytes = 64 * 1024;

/** Runs one command on a link until it has exited and its output is closed, or until it is to be stopped. */
export async function runOnLink(link: SparingLink, argv: readonly string[], options: RunOptions): Promise<ExecResult> {
  options.signal?.throwIfAborted();
  if (argv.length === 0) throw new TypeError("An empty argument list");
  const stop = new AbortController();
  const forwardAbort = () => stop.abort(options.signal?.reason);
  options.signal?.addEventListener("abort", forwardAbort, { once: true });
  try {
    const command = startCommand(link, argv, options, stop);
    const stopped = whenAborted(stop.signal).then(() => endRemoteCommand(link, command, options.clock));
    const completed = command.then(finish);
    completed.catch(() => {}); // Is heard below unless the command was stopped first.
    const result = await Promise.race([stopped, completed]).catch((error: unknown) => {
      if (!stop.signal.aborted) throw error;
    });
    if (stop.signal.aborted) await stopped;
    stop.signal.throwIfAborted();
    if (!result) throw new Error("A command that was not stopped has a result");
    return result;
  } finally {
    options.signal?.removeEventListener("abort", forwardAbort);
  }
}

/** A command whose streams are being read. */
interface RunningCommand extends StoppableCommand {
  readonly finish: () => Promise<ExecResult>;
}

function finish(command: RunningCommand): Promise<ExecResult> {
  return command.finish();
}

async function startCommand(
  link: SparingLink,
  argv: readonly string[],
  options: RunOptions,
  stop: AbortController,
): Promise<RunningCommand> {
  const { host, stdin, onStdout, onSent } = options;
  const { process, nonce, sentBytes } = await link.begin(argv);
  onSent(sentBytes);
  const out = createFrameReader(`slipway-${nonce}-start`, link.endsInFrame ? `slipway-${nonce}-end` : undefined);
  const err = createFrameReader(`slipway-${nonce}-start`, link.endsInFrame ? `slipway-${nonce}-end` : undefined);

  const stdout: Buffer[] = [];
  const stderr = keepTail(stderrLimitBytes);
  const takeStdout = (bytes: Buffer | undefined) => {
    if (bytes === undefined || stop.signal.aborted) return;
    if (!onStdout) return void stdout.push(bytes);
    try {
      onStdout(bytes);
    } catch (error) {
      stop.abort(error);
    }
  };
  const group = new Promise<string | undefined>((resolve) => {
    process.stdout.on("data", (chunk: Buffer) => {
      takeStdout(out.read(chunk));
      if (out.start !== undefined) resolve(out.start);
    });
    void process.ended.then(() => resolve(undefined));
  });
  process.stderr.on("data", (chunk: Buffer) => stderr.add(err.read(chunk)));
  writeInput(process.stdin, stdin, process.ended).catch((error: unknown) => stop.abort(error));

  async function finishCommand(): Promise<ExecResult> {
    const end = await process.ended;
    takeStdout(out.finish());
    stderr.add(err.finish());
    const { exitCode, signal } = readEnd(end, { link, out, err, host, argv });
    return { exitCode, ...(signal !== undefined && { signal }), stdout: Buffer.concat(stdout), stderr: stderr.text() };
  }
  return { process, group, finish: finishCommand };
}

interface EndFacts {
  readonly link: Link;
  readonly out: FrameReader;
  readonly err: FrameReader;
  readonly host: string;
  readonly argv: readonly string[];
}

function readEnd(end: RemoteEnd, { link, out, err, host, argv }: EndFacts): RemoteEnd {
  const command = JSON.stringify(argv[0] ?? "");
  const hasEnd = link.endsInFrame ? out.end !== undefined : end.exitCode !== undefined || end.signal !== undefined;
  if (out.start === undefined && end.refused) throw end.refused;
  if (out.start === undefined && (hasEnd || link.isAlive())) {
    throw new SshError("SSH_COMMAND_NOT_STARTED", `The login shell on ${host} did not start ${command}`, {
      hint: "Its startup files or pre_command failed or read its input, or the account may not run commands.",
      details: { exitCode: end.exitCode, output: noiseOf(out), error: noiseOf(err) },
    });
  }
  if (!hasEnd) {
    const message = `The connection to ${host} was lost while ${command} ran; its end could not be learned`;
    throw new SshError("SSH_CONNECTION_LOST", message, {
      hint: "The command may have gone on there. What comes next connects again.",
    });
  }
  if (!link.endsInFrame) return end;
  const exitCode = Number(out.end);
  const signal = signalOfExitCode(exitCode);
  return signal === undefined ? { exitCode } : { signal };
}

function noiseOf(frame: FrameReader): string {
  return stripControlCharacters(frame.noise.toString("utf8")).slice(-2_000);
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
