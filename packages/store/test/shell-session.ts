import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

import { quoteCommand } from "@slipway/core";

import { cleaning, making } from "../src/cleaning-parts.ts";
import { callFunctions, callServer, leaseFunctions } from "../src/index.ts";
import { searchPath } from "./transports.ts";

export interface ShellSession extends AsyncDisposable {
  /** Calls a function; its return code, and what it printed in words. */
  call(
    name: string,
    ...args: readonly string[]
  ): Promise<{ readonly code: number; readonly printed: readonly string[] }>;
  /** The next change on the file system is done, and seen as failed. */
  loseReply(): Promise<void>;
  /** A variable's value. */
  read(variable: string): Promise<string>;
}

const shells: readonly (readonly string[])[] = [["dash"], ["bash"], ["bash", "--posix"], ["busybox", "sh"]];

/** A shell whose system calls are made by a process beside it. */
function withServer(...shell: readonly string[]): readonly string[] {
  const start = 'exec perl -e "$0" "$PWD" "" "$@" 8>&1 9</dev/null';
  return ["sh", "-c", start, callServer, ...shell];
}

/** By their names, with the command of each. */
export const namedShells = [
  ...shells.map((shell) => [shell.join(" "), shell] as const),
  ...shells.map((shell) => [`${shell.join(" ")} beside perl`, withServer(...shell)] as const),
];

/** The changes of the file system, and the one whose answer is lost: by the tools, or by the server. */
const losing = (by: "command" | "slipway_tool") => `
lost=
lose() {
  ${by} "$@"
  done=$?
  [ -n "$lost" ] || return $done
  return 1
}
mkdir() { lose mkdir "$@"; }
rmdir() { lose rmdir "$@"; }
mv() { lose mv "$@"; }
ln() { lose ln "$@"; }
`;

/** One shell for many calls of the store's functions, in this folder. */
export function openShell(cwd: string, shell: readonly string[] = ["dash"], extra = ""): ShellSession {
  const [file = "", ...args] = shell;
  const child = spawn(file, args, { cwd, env: { PATH: searchPath }, stdio: ["pipe", "pipe", "ignore"] });
  const closed = once(child, "close");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const called = shell.includes(callServer) ? `read -r _ <&9${callFunctions}` : "";
  const lossy = losing(called === "" ? "command" : "slipway_tool");
  child.stdin.write(`${leaseFunctions}${cleaning}${making}${called}${lossy}${extra}\n`);

  async function call(name: string, ...parameters: readonly string[]) {
    child.stdin.write(`${quoteCommand([name, ...parameters])} </dev/null; echo "= $?"; lost=\n`);
    const printed: string[] = [];
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error(`The shell ended in ${name}`);
      if (value.startsWith("= ")) return { code: Number(value.slice(2)), printed };
      printed.push(value);
    }
  }

  return {
    call,
    async loseReply() {
      child.stdin.write("lost=yes\n");
    },
    read: async (variable) => (await call("eval", `echo "$${variable}"`)).printed.join("\n"),
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await closed;
    },
  };
}
