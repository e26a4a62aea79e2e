import { spawn } from "node:child_process";

import { SshError } from "../error.ts";
import type { Link, RemoteEnd, RemoteProcess } from "../link.ts";
import { keepTail } from "../output.ts";
import { commandArguments } from "./arguments.ts";
import { closeMaster, isMasterAlive } from "./control.ts";
import type { ControlOptions } from "./control.ts";
import { noOpenSsh } from "./run.ts";

export interface OpenSshLinkOptions extends ControlOptions {
  /** Whether the shared connection was opened for this link, and ends with it. */
  readonly isOwn: boolean;
}

/** What ssh exits with when it failed itself; a command may exit so too. Source: ssh(1), EXIT STATUS. */
const failureExitCode = 255;

/** Commands over a shared connection of OpenSSH, each by an `ssh` of its own. */
export function createOpenSshLink(options: OpenSshLinkOptions): Link {
  const { config, destination, controlPath, environment, isOwn } = options;
  let isAlive = true;

  async function readEnd(exitCode: number | null, said: string): Promise<RemoteEnd> {
    if (exitCode !== failureExitCode) return exitCode === null ? {} : { exitCode };
    isAlive &&= await isMasterAlive(options);
    if (/session open refused|session request failed/i.test(said)) return { refused: refused(config.alias) };
    return {};
  }

  function start(commandLine: string): Promise<RemoteProcess> {
    const args = commandArguments(
      { config, destination, controlPath, configFile: environment.configFile },
      commandLine,
    );
    const child = spawn("ssh", args, { env: { ...environment.env }, stdio: ["pipe", "pipe", "pipe"] });
    const said = keepTail(4 * 1024);
    child.stderr.on("data", (chunk: Buffer) => said.add(chunk));
    const ended = new Promise<RemoteEnd>((resolve) => {
      child.once("close", (exitCode) => resolve(readEnd(exitCode, said.text())));
    });
    const { stdin, stdout, stderr } = child;
    const close = () => {
      child.kill();
      for (const stream of [stdin, stdout, stderr]) stream.destroy();
    };
    return new Promise((resolve, reject) => {
      child.once("error", (cause) => reject(noOpenSsh(cause)));
      child.once("spawn", () => resolve({ stdin, stdout, stderr, ended, close }));
    });
  }

  return {
    kind: "openssh",
    endsInFrame: true,
    isAlive: () => isAlive,
    start,
    async close() {
      isAlive = false;
      if (isOwn) await closeMaster(options);
    },
  };
}

function refused(host: string): SshError {
  return new SshError("SSH_CHANNEL_REFUSED", `${host} does not take one more command at the same time`, {
    hint: "Its administrators can raise MaxSessions in sshd_config.",
  });
}
