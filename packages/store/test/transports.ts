import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, symlink } from "node:fs/promises";
import path from "node:path";

import type { ExecOptions, ExecResult, Transport } from "@slipway/core";
import { openLocalTransport } from "@slipway/transport-local";

export const searchPath = process.env["PATH"] ?? "";

export function localTransport(env: Readonly<Record<string, string>> = {}): Transport {
  // A long grace: what a stopped upload takes away must not depend on the speed of the machine.
  return openLocalTransport({ env: { PATH: searchPath, HOME: "/nonexistent", ...env }, killGraceMs: 20_000 });
}

/** The same transport with other commands, other input, or a look at both. */
export function changed(
  transport: Transport,
  change: (argv: readonly string[], options: ExecOptions) => { argv?: readonly string[]; options?: ExecOptions },
): Transport {
  return {
    host: transport.host,
    exec(argv, options = {}) {
      const next = change(argv, options);
      return transport.exec(next.argv ?? argv, next.options ?? options);
    },
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}

/** Every command runs below a few words of another program: another user, another shell's greeting. */
export function behind(transport: Transport, ...before: readonly string[]): Transport {
  return changed(transport, (argv) => ({ argv: [...before, ...argv] }));
}

/** `sh` is another shell. */
export function withShell(transport: Transport, ...shell: readonly string[]): Transport {
  return changed(transport, ([, ...rest]) => ({ argv: [...shell, ...rest] }));
}

/** A host whose perl cannot be used. */
export function withoutPerl(transport: Transport): Transport {
  return changed(transport, ([sh = "", flag = "", text = "", ...rest]) => ({
    argv: [sh, flag, `perl() { return 127; }\n${text}`, ...rest],
  }));
}

export function counting(transport: Transport): Transport & { readonly commands: readonly (readonly string[])[] } {
  const commands: (readonly string[])[] = [];
  const counted = changed(transport, (argv) => {
    commands.push(argv);
    return {};
  });
  return { ...counted, commands };
}

/** As nobody, who owns nothing. */
export function asNobody(transport: Transport): Transport {
  return behind(transport, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups");
}

/** A transport that kills everything it runs with SIGKILL, once so many bytes have gone in and so much time has gone by. */
export function dyingTransport(afterBytes: number, afterMs: number): Transport {
  return {
    host: "dying",
    async exec([file = "", ...args], { stdin, onStdout }: ExecOptions = {}): Promise<ExecResult> {
      const child = spawn(file, args, { detached: true, stdio: ["pipe", "pipe", "pipe"], env: { PATH: searchPath } });
      const chunks: Buffer[] = [];
      child.stdin.on("error", () => {});
      child.stdout.on("data", (chunk: Buffer) => (onStdout ? onStdout(chunk) : void chunks.push(chunk)));
      child.stderr.resume();
      const closed = once(child, "close");
      const kill = () => {
        try {
          if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
        } catch {
          // It has ended before.
        }
      };
      if (stdin === undefined || typeof stdin === "string" || stdin instanceof Uint8Array) child.stdin.end(stdin);
      else {
        let sentBytes = 0;
        for await (const chunk of stdin) {
          const part = chunk.subarray(0, Math.max(0, afterBytes - sentBytes));
          sentBytes += part.length;
          if (child.stdin.destroyed || child.exitCode !== null) break;
          if (!child.stdin.write(part)) await Promise.race([once(child.stdin, "drain"), closed]);
          if (part.length < chunk.length) break;
        }
        if (afterBytes > sentBytes) child.stdin.end();
        setTimeout(kill, afterMs);
      }
      const [exitCode, signal] = (await closed) as [number | null, string | null];
      const stdout = Buffer.concat(chunks);
      return { exitCode: exitCode ?? undefined, ...(signal && { signal }), stdout, stderr: "" };
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** A folder for PATH in which each of these names is a link to a program. */
export async function folderOfCommands(folder: string, programs: Readonly<Record<string, string>>): Promise<string> {
  await mkdir(folder);
  for (const [name, program] of Object.entries(programs)) await symlink(program, path.join(folder, name));
  return folder;
}
