import { randomBytes } from "node:crypto";

import { renderCommandLine, renderSpareInput, renderSpareLine } from "./command-line.ts";
import { isRefused } from "./error.ts";
import type { Link, RemoteProcess } from "./link.ts";

/** A link on which a command may find a shell that has begun already: it waits there, and the command costs one round trip less, or two. */
export interface SparingLink extends Link {
  begin(argv: readonly string[]): Promise<BegunCommand>;
}

export interface BegunCommand {
  readonly process: RemoteProcess;
  /** Stands in the line that begins its output. */
  readonly nonce: string;
  readonly sentBytes: number;
}

interface Spare {
  readonly process: RemoteProcess;
  readonly nonce: string;
  hasEnded: boolean;
}

/**
 * One shell waits for the first command while its caller still prepares it. There is another one only after a second command: most
 * connections have one or two. It reads its command from its input, and ends when that ends, with the connection at the latest.
 * Over ssh2 alone: OpenSSH tells that the server has refused a command only at its end, which would be the next command's.
 */
export function withSpare(link: Link, preCommand: string | undefined): SparingLink {
  let spare: Promise<Spare | undefined> | undefined;
  let begun = 0;
  /** Not on a link that is closed, nor where the server has refused a command: it has no room for one more. */
  let mayKeep = link.kind === "ssh2";

  async function openSpare(): Promise<Spare | undefined> {
    const nonce = newNonce();
    const line = renderSpareLine({ nonce, preCommand });
    const process = await link.start(line).catch(() => undefined); // The command itself will say why.
    if (!process) {
      mayKeep = false;
      return undefined;
    }
    const opened: Spare = { process, nonce, hasEnded: false };
    void process.ended.then(() => {
      opened.hasEnded = true;
    });
    return opened;
  }

  function keepSpare(): void {
    if (mayKeep && link.isAlive()) spare ??= openSpare();
  }

  async function takeSpare(): Promise<Spare | undefined> {
    const taken = spare;
    spare = undefined;
    const opened = await taken;
    return opened?.hasEnded === true ? undefined : opened;
  }

  /** A server that takes few commands at once may have no room for a spare too, and notices a little late that a command has gone. */
  async function start(line: string): Promise<RemoteProcess> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await link.start(line);
      } catch (error) {
        if (!isRefused(error) || attempt === 4) throw error;
        mayKeep = false;
        const opened = await takeSpare();
        if (opened) await closeSpare(opened);
      }
    }
  }

  async function begin(argv: readonly string[]): Promise<BegunCommand> {
    const own = newNonce();
    // Also beside a spare: what is refused must not depend on luck.
    const line = renderCommandLine(argv, { nonce: own, preCommand, endsInFrame: link.endsInFrame });
    begun += 1;
    const opened = await takeSpare();
    const sent = opened ? renderSpareInput(argv) : line;
    const process = opened?.process ?? (await start(line));
    if (opened) process.stdin.on("error", () => {}).write(sent); // Its end tells what happened.
    if (begun > 1) void process.ended.then(keepSpare);
    return { process, nonce: opened?.nonce ?? own, sentBytes: Buffer.byteLength(sent) };
  }

  keepSpare();
  return {
    kind: link.kind,
    endsInFrame: link.endsInFrame,
    isAlive: () => link.isAlive(),
    start,
    begin,
    async close() {
      mayKeep = false;
      const opened = await takeSpare();
      opened?.process.close();
      await link.close();
    },
  };
}

async function closeSpare({ process }: Spare): Promise<void> {
  process.stdout.resume();
  process.stderr.resume();
  process.stdin.end();
  await process.ended;
}

function newNonce(): string {
  return randomBytes(16).toString("hex");
}
