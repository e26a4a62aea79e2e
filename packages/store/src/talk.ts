import type { Input, Transport } from "@slipway/core";

import { beginSnippet, hasLastWord, noAnswer, readAnswer } from "./answer.ts";
import type { Answer } from "./answer.ts";
import type { Packing } from "./packing.ts";
import { renderContinuation } from "./snippets.ts";
import type { ContinuationName } from "./snippets.ts";

/** One command that first looks, and then does what was decided from what it said: who logs in once waits once. */
export interface Talk {
  /** What it said first; standard error only when it has ended. */
  readonly found: Answer;
  /** Whether it waits for a continuation: it said NEED. A server may run no other command as long as it does. */
  readonly isOpen: () => boolean;
  /** What comes of a continuation. Only once. */
  proceed(continuation: Continuation): Promise<Answer>;
  /** Lets it end, where it waits for more. Never rejects. */
  end(): Promise<void>;
}

export interface Continuation {
  readonly name: ContinuationName;
  /** More shell text, before the continuation's own. Both travel packed. */
  readonly text?: string | undefined;
  readonly packing: Packing;
  /** How the payload is packed; one of its words. */
  readonly codec: string;
  readonly payload: AsyncIterable<Uint8Array>;
}

export interface TalkOptions {
  /** Done while the host looks. */
  readonly meanwhile?: (() => Promise<void>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Runs the snippet `find`; rejects as `askHost` does. */
export async function openTalk(
  transport: Transport,
  parameters: readonly string[],
  { meanwhile, signal }: TalkOptions = {},
): Promise<Talk> {
  const { tag, argv } = beginSnippet("find", parameters);
  const output: Uint8Array[] = [];
  let heard = () => {};
  const first = new Promise<void>((resolve) => (heard = resolve));
  let reply: (input: Input | undefined) => void = () => {};
  const replied = new Promise<Input | undefined>((resolve) => (reply = resolve));
  async function* stdin(): AsyncGenerator<Uint8Array> {
    await meanwhile?.();
    const input = await replied;
    if (input !== undefined && typeof input !== "string" && !(input instanceof Uint8Array)) yield* input;
  }
  const onStdout = (bytes: Uint8Array) => {
    output.push(Buffer.from(bytes));
    if (hasLastWord(readAnswer(output, tag).lines)) heard();
  };
  const ended = transport.exec(argv, { stdin: stdin(), onStdout, signal });
  const over = ended.then(
    () => heard(),
    () => heard(), // Told to whoever waits for the command itself.
  );
  await first;
  let isOpen = false;
  const end = async () => {
    isOpen = false;
    reply(undefined);
    await over;
  };
  const early = readAnswer(output, tag);
  if (early.lines.some(({ word }) => word === "NEED")) {
    isOpen = true;
    const goOn = (continuation: Continuation) => proceed(continuation, early.lines.length);
    return { found: early, isOpen: () => isOpen, proceed: goOn, end };
  }
  reply(undefined);
  const failed = await ended;
  const found = readAnswer(output, tag, failed.stderr);
  if (!hasLastWord(found.lines)) throw noAnswer(transport, "find", failed, found);
  return { found, isOpen: () => false, proceed: () => Promise.reject(new Error("The command waits for nothing")), end };

  async function proceed(continuation: Continuation, saidBefore: number): Promise<Answer> {
    isOpen = false;
    reply(await inputOf(continuation));
    const result = await ended;
    const { lines, stderr } = readAnswer(output, tag, result.stderr);
    const answer = { lines: lines.slice(saidBefore), stderr };
    if (!hasLastWord(answer.lines)) throw noAnswer(transport, continuation.name, result, answer);
    return answer;
  }
}

/** A line with the packing and the length of the script, the script, then the payload: what `find` reads at its end. */
async function inputOf({ name, text = "", packing, codec, payload }: Continuation): Promise<AsyncIterable<Uint8Array>> {
  const script = await packing.pack(Buffer.from(`set -- "$@" ${codec}\n${text}${renderContinuation(name)}`, "latin1"));
  async function* input() {
    yield Buffer.concat([Buffer.from(`${packing.name} ${script.length}\n`), script]);
    yield* payload;
  }
  return input();
}
