import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

import type { ExecOptions, Transport } from "@slipway/core";

export interface TransportCase {
  /** A sentence about what every transport does. */
  readonly name: string;
  /** Rejects when the transport that `open` gives does not do it. */
  readonly run: (open: () => Promise<Transport>) => Promise<void>;
}

/**
 * What every transport does, for any test runner. The host needs the commands of POSIX (`sh`, `cat`, `dd`, `mkfifo`, …).
 *
 *     for (const { name, run } of transportContract) test(name, () => run(open));
 */
export const transportContract: readonly TransportCase[] = [
  contractCase("gives standard output, standard error and the exit code apart", async (transport) => {
    const result = await transport.exec(["sh", "-c", "printf out; printf err >&2; exit 7"]);
    assert.deepEqual(
      { exitCode: result.exitCode, signal: result.signal, stdout: text(result.stdout), stderr: result.stderr },
      { exitCode: 7, signal: undefined, stdout: "out", stderr: "err" },
    );
  }),
  contractCase("passes arguments byte for byte, and through no shell", async (transport) => {
    const args = [
      "",
      " ",
      "a b",
      "'",
      '"',
      "$HOME",
      "$(exit 3)",
      "`exit 3`",
      "*",
      "~",
      "\\",
      "a\nb",
      "-n",
      "é💥",
      "!",
      "#",
    ];
    assert.equal(await output(transport, ["printf", "[%s]", ...args]), args.map((arg) => `[${arg}]`).join(""));
  }),
  contractCase("passes a text as standard input", async (transport) => {
    assert.equal(await output(transport, ["cat"], { stdin: "first\nsecond é" }), "first\nsecond é");
  }),
  contractCase("passes bytes as standard input unchanged, and gives them back unchanged", async (transport) => {
    const bytes = Uint8Array.from({ length: 70_000 }, (_, index) => (index * 7) % 256);
    const result = await transport.exec(["cat"], { stdin: bytes });
    assert.ok(Buffer.from(result.stdout).equals(bytes));
  }),
  contractCase("streams standard input, no faster than the command reads", async (transport) => {
    let givenBytes = 0;
    async function* endless() {
      for (;;) {
        givenBytes += 65_536;
        yield Buffer.alloc(65_536, "x");
      }
    }
    const readBytes = await output(transport, ["sh", "-c", "dd bs=1024 count=3 2>/dev/null | wc -c"], {
      stdin: endless(),
    });
    assert.equal(readBytes.trim(), "3072");
    assert.ok(givenBytes < 64 << 20, `It took ${givenBytes} bytes for a command that read 3072`);
  }),
  contractCase("counts a command that does not read its input as it ends", async (transport) => {
    const stdin = Buffer.alloc(4 << 20);
    assert.equal((await transport.exec(["sh", "-c", "exit 4"], { stdin })).exitCode, 4);
  }),
  contractCase("does not wait for an input that gives nothing after the command has ended", async (transport) => {
    async function* silent() {
      yield Buffer.from("first");
      await new Promise<never>(() => {});
    }
    assert.equal((await transport.exec(["sh", "-c", "exit 5"], { stdin: silent() })).exitCode, 5);
  }),
  contractCase("gives an empty standard input where none is given", async (transport) => {
    assert.equal((await output(transport, ["wc", "-c"])).trim(), "0");
  }),
  contractCase("ends the command and rejects with the input's error when the input fails midway", async (transport) => {
    const failure = new Error("the file changed");
    async function* failing() {
      yield Buffer.from("begin");
      throw failure;
    }
    await assertRejects(transport.exec(["sh", "-c", "cat; exec sleep 1000"], { stdin: failing() }), failure);
  }),
  contractCase("passes standard output on as it comes", async (transport) => {
    let seen = "";
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    async function* stdin() {
      await released; // The command ends only when its first line has arrived here.
      yield Buffer.from("go\n");
    }
    const result = await transport.exec(["sh", "-c", "echo first; read -r word; echo second"], {
      stdin: stdin(),
      onStdout(bytes) {
        seen += text(bytes);
        if (seen.includes("first")) release();
      },
    });
    assert.deepEqual([seen, result.stdout.length, result.exitCode], ["first\nsecond\n", 0, 0]);
  }),
  contractCase("keeps the end of a long standard error", async (transport) => {
    const script = "dd if=/dev/zero bs=1024 count=300 2>/dev/null | tr '\\000' x >&2; printf end >&2";
    const { stderr } = await transport.exec(["sh", "-c", script]);
    assert.equal(stderr, `${"x".repeat(65_536 - 3)}end`);
  }),
  contractCase("tells the signal that ended a command", async (transport) => {
    const result = await transport.exec(["sh", "-c", "kill -KILL $$"]);
    assert.deepEqual([result.exitCode, result.signal], [undefined, "SIGKILL"]);
  }),
  contractCase("runs commands at the same time", async (transport) => {
    await withFifo(transport, async (fifo) => {
      const reader = transport.exec(["cat", fifo]);
      await transport.exec(["sh", "-c", 'echo met > "$1"', "sh", fifo]);
      assert.equal(text((await reader).stdout), "met\n");
    });
  }),
  contractCase("rejects at once with the reason of a signal that is aborted already", async (transport) => {
    const reason = new Error("no more");
    await assertRejects(transport.exec(["true"], { signal: AbortSignal.abort(reason) }), reason);
  }),
  contractCase("on abort ends the command with all that it started, and rejects with the reason", async (transport) => {
    await assertEndsOnAbort(transport, "sleep 1000 & echo ready; wait");
  }),
  contractCase("on abort ends also a command that ignores being asked to", async (transport) => {
    await assertEndsOnAbort(transport, "trap '' TERM HUP INT; echo ready; while :; do sleep 1; done");
  }),
  contractCase("tells of a command that does not exist, by rejecting or as a shell does", async (transport) => {
    const result = await transport.exec(["slipway-no-such-command"]).catch((error: unknown) => error);
    assert.ok(result instanceof Error || (isResult(result) && result.exitCode === 127), "It did as if there were one");
  }),
  contractCase("ends what runs when it is disposed, any number of times, and then runs nothing", async (transport) => {
    let isReady = () => {};
    const ready = new Promise<void>((resolve) => {
      isReady = resolve;
    });
    const running = transport.exec(["sh", "-c", "echo ready; exec sleep 1000"], { onStdout: () => isReady() });
    const ended = assert.rejects(running);
    await ready;
    await transport[Symbol.asyncDispose]();
    await ended;
    await transport[Symbol.asyncDispose]();
    await assert.rejects(transport.exec(["true"]));
  }),
];

function contractCase(name: string, run: (transport: Transport) => Promise<void>): TransportCase {
  return {
    name,
    async run(open) {
      await using transport = await open();
      await run(transport);
    },
  };
}

/** The script and its children hold a fifo open; its reader ends when the last of them is gone. */
async function assertEndsOnAbort(transport: Transport, script: string): Promise<void> {
  await withFifo(transport, async (fifo) => {
    const everybodyGone = transport.exec(["cat", fifo]);
    const abort = new AbortController();
    const reason = new Error("stopped by the test");
    const command = transport.exec(["sh", "-c", `exec 9>"$1"\n${script}`, "sh", fifo], {
      signal: abort.signal,
      onStdout: () => abort.abort(reason),
    });
    await assertRejects(command, reason);
    await within(20_000, "the command's processes to end", everybodyGone);
  });
}

async function withFifo(transport: Transport, use: (fifo: string) => Promise<void>): Promise<void> {
  const script = 'd=${TMPDIR:-/tmp}/slipway-contract.$$ && mkdir -m 700 "$d" && mkfifo "$d/fifo" && printf %s "$d"';
  const folder = await output(transport, ["sh", "-c", script]);
  await use(`${folder}/fifo`);
  await transport.exec(["rm", "-r", folder]);
}

async function output(transport: Transport, argv: readonly string[], options?: ExecOptions): Promise<string> {
  const result = await transport.exec(argv, options);
  assert.equal(result.exitCode, 0, result.stderr);
  return text(result.stdout);
}

/** With this very value: not a copy, not one that wraps it. */
async function assertRejects(promise: Promise<unknown>, reason: Error): Promise<void> {
  await assert.rejects(promise, (error) => error === reason);
}

async function within<T>(limitMs: number, what: string, promise: Promise<T>): Promise<T> {
  const done = new AbortController();
  const late = sleep(limitMs, undefined, { signal: done.signal }).then(() => {
    throw new Error(`Waited ${limitMs} ms in vain for ${what}`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    late.catch(() => {});
    done.abort();
  }
}

function isResult(value: unknown): value is { readonly exitCode: unknown } {
  return typeof value === "object" && value !== null && "exitCode" in value;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("utf8");
}
