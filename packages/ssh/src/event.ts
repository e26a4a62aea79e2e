import type { TransportKind } from "./destination.ts";

export type SshEvent =
  /** Which transport was chosen. */
  | { readonly type: "ssh.chosen"; readonly host: string; readonly kind: TransportKind; readonly why: string }
  | { readonly type: "ssh.connected"; readonly host: string; readonly kind: TransportKind }
  /** The next command connects again. */
  | { readonly type: "ssh.lost"; readonly host: string }
  /** A new host's key was added to known_hosts. */
  | { readonly type: "ssh.host-key-added"; readonly host: string; readonly fingerprint: string; readonly file: string }
  /** Untrusted text that the server shows before login, without control characters. */
  | { readonly type: "ssh.banner"; readonly host: string; readonly text: string }
  /** A private key that was not used, and why. */
  | { readonly type: "ssh.key-skipped"; readonly file: string; readonly why: string }
  /** A command was sent: one channel, one round trip more than its own exchange. */
  | { readonly type: "ssh.exec"; readonly host: string; readonly bytes: number };
