import type { ClientChannel } from "ssh2";

import { SshError } from "../error.ts";
import type { Link, RemoteEnd, RemoteProcess } from "../link.ts";
import type { ConnectedClient } from "./client.ts";

export interface Ssh2LinkOptions {
  readonly host: string;
  /** Closes what the connection goes over. */
  readonly closeRoute: () => Promise<void>;
}

/** A connection that is logged in, as a link. */
export function createSsh2Link({ client, closed }: ConnectedClient, { host, closeRoute }: Ssh2LinkOptions): Link {
  let isAlive = true;
  const markLost = () => {
    isAlive = false;
  };
  client.on("error", markLost).on("end", markLost);
  void closed.then(markLost);

  return {
    kind: "ssh2",
    endsInFrame: false,
    isAlive: () => isAlive,
    start: (commandLine) =>
      new Promise((resolve, reject) => {
        if (!isAlive) return reject(lostBefore(host));
        client.exec(commandLine, (error, channel) => {
          if (!error) resolve(toRemoteProcess(channel));
          else reject(isAlive ? refused(host, error) : lostBefore(host, error));
        });
      }),
    async close() {
      if (isAlive) client.end();
      client.destroy();
      await Promise.all([closed, closeRoute()]);
    },
  };
}

function toRemoteProcess(channel: ClientChannel): RemoteProcess {
  channel.on("error", () => {}); // What matters of it is told by `close` without an exit status.
  const ended = new Promise<RemoteEnd>((resolve) => {
    let end: RemoteEnd = {};
    channel.on("exit", (exitCode: number | null, signal?: string) => {
      end = { exitCode: exitCode ?? undefined, ...(signal !== undefined && { signal: nameOfSignal(signal) }) };
    });
    const stderrEnded = new Promise<void>((done) => channel.stderr.once("close", done));
    channel.once("close", () => {
      void stderrEnded.then(() => resolve(end));
    });
  });
  return { stdin: channel, stdout: channel, stderr: channel.stderr, ended, close: () => channel.close() };
}

/** sshd has names for the signals of RFC 4254 only; others are `SIG@openssh.com`. */
function nameOfSignal(name: string): string {
  return name.includes("@") ? "SIGUNKNOWN" : name;
}

function lostBefore(host: string, cause?: Error): SshError {
  return new SshError("SSH_CONNECTION_LOST", `The connection to ${host} was lost before the command was sent`, {
    hint: "What comes next connects again.",
    cause,
  });
}

function refused(host: string, cause: Error): SshError {
  return new SshError("SSH_CHANNEL_REFUSED", `${host} does not take one more command at the same time`, {
    hint: "Its administrators can raise MaxSessions in sshd_config.",
    cause,
  });
}
