import type { Clock, EventListener } from "@slipway/core";

import type { SshEvent } from "./event.ts";

/** Where to go. What is absent is found as ssh finds it: in ssh_config, then ssh's own defaults. */
export interface SshDestination {
  /** A host's name, its address, or an alias of ssh_config. */
  readonly host: string;
  readonly user?: string | undefined;
  readonly port?: number | undefined;
  /** A private key on this machine, tried before all others; `~` is the home directory. */
  readonly identityFile?: string | undefined;
}

export type TransportKind = "ssh2" | "openssh";

/** Something that only a person can answer. The answer is kept in memory as long as the transport, and nowhere else. */
export interface SshQuestion {
  readonly kind: "password" | "passphrase" | "keyboard-interactive";
  /** Untrusted text, without control characters. */
  readonly prompt: string;
  /** Whether the answer may be seen while it is typed. */
  readonly echo: boolean;
}

/** Where ssh's files and programs are. */
export interface SshEnvironment {
  /** PATH finds `ssh`, SSH_AUTH_SOCK the agent, HOME the home directory; what OpenSSH is started with. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The home directory, absolute; HOME of `env` when absent. */
  readonly home?: string | undefined;
  /** In place of `~/.ssh/config` and the system's ssh_config. */
  readonly configFile?: string | undefined;
  /** Where sockets of shared connections lie, absolute; `~/.slipway/ssh` when absent. Is made, and refused unless it is the user's alone. */
  readonly controlDirectory?: string | undefined;
}

export interface SshOptions extends SshEnvironment {
  readonly signal?: AbortSignal | undefined;
  /** Asks the person at the terminal; without it what needs an answer is not tried. */
  readonly ask?: ((question: SshQuestion, signal?: AbortSignal) => Promise<string>) | undefined;
  /** Trusts a host that known_hosts does not know, and adds its key there. A changed key is refused all the same. */
  readonly acceptNew?: boolean | undefined;
  /** `auto` (when absent) decides by the facts, see `chooseTransport`. */
  readonly transport?: TransportKind | "auto" | undefined;
  /** A line for the login shell that goes before every command (`module load slurm`); the command does not start when it fails. In csh and tcsh it must not read its input, which is the command's. */
  readonly preCommand?: string | undefined;
  /** How long to wait for an answer while connecting, 20,000 when absent and ssh_config has no ConnectTimeout. Not counted while a question is open. */
  readonly connectTimeoutMs?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly onEvent?: EventListener<SshEvent> | undefined;
}
