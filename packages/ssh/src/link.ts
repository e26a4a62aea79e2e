import type { Readable, Writable } from "node:stream";

import type { TransportKind } from "./destination.ts";
import type { SshError } from "./error.ts";

/** A live connection to one host, on which commands can be started. */
export interface Link {
  readonly kind: TransportKind;
  /** Whether commands must tell their exit code in their output, because the link cannot. */
  readonly endsInFrame: boolean;
  readonly isAlive: () => boolean;
  /** Hands a line to the login shell. Rejects with SSH_CHANNEL_REFUSED when the server takes no more of them at once. */
  start(commandLine: string): Promise<RemoteProcess>;
  /** Idempotent; what still runs on it is lost. */
  close(): Promise<void>;
}

export interface RemoteProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when both outputs have ended and been read; never rejects. */
  readonly ended: Promise<RemoteEnd>;
  /** Lets go of it, whether it has ended or not. */
  close(): void;
}

/** Neither code nor signal when its end could not be learned. */
export interface RemoteEnd {
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  /** Set when the server would not start it. */
  readonly refused?: SshError | undefined;
}
