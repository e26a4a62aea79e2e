import type { Duplex } from "node:stream";

import { stripControlCharacters } from "@slipway/core";
import type { Clock, EventListener } from "@slipway/core";
import ssh2 from "ssh2";
import type { Client, ServerHostKeyAlgorithm } from "ssh2";

import type { HostConfig } from "../config/host-config.ts";
import type { SshQuestion } from "../destination.ts";
import { SshError } from "../error.ts";
import type { SshEvent } from "../event.ts";
import { knownKeyTypes } from "../host-key.ts";
import { createPatience } from "../patience.ts";
import { readKnownHosts, trustHostKey } from "../trust.ts";
import { planHostKeyAlgorithms } from "./algorithms.ts";
import { connectionError } from "./connection-error.ts";
import { prepareLogin } from "./login.ts";

export interface ClientOptions {
  readonly config: HostConfig;
  /** A way there that is open already; a TCP connection when absent. */
  readonly socket?: Duplex | undefined;
  readonly requiredIdentity?: string | undefined;
  readonly acceptNew: boolean;
  readonly connectTimeoutMs: number;
  readonly ask?: ((question: SshQuestion) => Promise<string>) | undefined;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onEvent?: EventListener<SshEvent> | undefined;
}

const keepaliveIntervalMs = 15_000;
const keepaliveCountMax = 3;

export interface ConnectedClient {
  readonly client: Client;
  /** Resolves when the connection is gone, whoever ended it. */
  readonly closed: Promise<void>;
}

/** Connects to one host, checks its key and logs in. */
export async function connectClient(options: ClientOptions): Promise<ConnectedClient> {
  const { config, socket, acceptNew, connectTimeoutMs, ask, clock, signal, onEvent } = options;
  signal.throwIfAborted();
  const knownHosts = await readKnownHosts(config.knownHostsFiles);
  const client = new ssh2.Client();
  const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
  const keyTypes = knownKeyTypes(config.hostKeyName, config.port, knownHosts);
  let stopped: { readonly reason: unknown } | undefined;
  const stop = (reason: unknown) => {
    stopped ??= { reason };
    client.destroy();
    socket?.destroy();
    fail(reason);
  };
  let fail: (reason: unknown) => void = () => {};
  const patience = createPatience(clock, connectTimeoutMs, () => stop(timeout(config, connectTimeoutMs)));
  const askPatiently =
    ask &&
    (async (question: SshQuestion) => {
      patience.pause();
      try {
        return await ask(question);
      } catch (error) {
        stop(error); // Without an answer the server would only wait, or close in its own way.
        throw error;
      } finally {
        patience.restart();
      }
    });
  const login = await prepareLogin({ ...options, ask: askPatiently });
  const onAbort = () => stop(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      fail = reject;
      client
        .on("ready", resolve)
        .on("connect", () => client.setNoDelay(true)) // Or each exchange waits for Nagle's algorithm.
        .on("handshake", () => patience.restart())
        .on("banner", (text) =>
          onEvent?.({ type: "ssh.banner", host: config.alias, text: stripControlCharacters(text) }),
        )
        .on("change password", () => reject(passwordExpired(config)))
        .on("error", (error: Error & { level?: string }) => {
          if (error.level === "agent") return; // The next way to log in is tried.
          reject(error.level === "client-authentication" ? login.failure() : connectionError(error, config));
        })
        .on("close", () => reject(connectionError(undefined, config)));
      if (signal.aborted) return onAbort();
      patience.restart();
      client.connect({
        ...(socket ? { sock: socket } : { host: config.hostName, port: config.port }),
        username: config.user,
        readyTimeout: 0, // `patience` knows when a person is being asked.
        keepaliveInterval: config.serverAliveIntervalMs ?? keepaliveIntervalMs,
        keepaliveCountMax: config.serverAliveCountMax ?? keepaliveCountMax,
        algorithms: {
          cipher: { prepend: ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com"], append: [], remove: [] },
          serverHostKey: planHostKeyAlgorithms(keyTypes, config.hostKeyAlgorithms) as ServerHostKeyAlgorithm[],
        },
        hostVerifier: (key: Buffer, verify: (isTrusted: boolean) => void) => {
          trustHostKey(key, { config, knownHosts, acceptNew: acceptNew || config.acceptNew, onEvent }).then(
            () => verify(true),
            (error: unknown) => {
              reject(error);
              verify(false);
            },
          );
        },
        authHandler: login.authHandler,
      });
    });
    return { client, closed };
  } catch (error) {
    client.destroy();
    socket?.destroy();
    throw stopped ? stopped.reason : error;
  } finally {
    patience.pause();
    signal.removeEventListener("abort", onAbort);
  }
}

function timeout({ hostName, port }: HostConfig, limitMs: number): SshError {
  return new SshError("SSH_TIMED_OUT", `${hostName} port ${port} did not answer within ${limitMs / 1_000} s`, {
    hint: "Is the network or VPN up? A slow host needs a longer ConnectTimeout in ssh_config.",
  });
}

function passwordExpired({ alias, user }: HostConfig): SshError {
  return new SshError("SSH_AUTH_FAILED", `The password of ${user} on ${alias} has expired`, {
    hint: `Change it with: ssh ${alias}`,
  });
}
