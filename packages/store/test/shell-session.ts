import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

import { quoteCommand } from "@slipway/core";

import { cleaning, making } from "../src/cleaning-parts.ts";
import { leaseFunctions } from "../src/index.ts";
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

/** By their names, with the command of each. */
export const namedShells = shells.map((shell) => [shell.join(" "), shell] as const);

/** The changes of the file system, and the one whose answer is lost. */
const losing = `
lost=
lose() {
  command "$@"
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
  child.stdin.write(`${losing}${leaseFunctions}${cleaning}${making}${extra}\n`);

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
