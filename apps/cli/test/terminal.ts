import { spawn } from "node:child_process";

import { quoteCommand, stripControlCharacters } from "@slipway/core";
import { eventually } from "@slipway/testing";

import { bin } from "./slipway.ts";
import type { Machine } from "./slipway.ts";

/** The command on a terminal of its own, with a person who reads and types. */
export interface Terminal {
  /** All that the terminal has shown, without control characters. */
  shown(): string;
  /** Waits until the text is shown. */
  reads(text: string): Promise<void>;
  /** Types a line. */
  types(line: string): void;
  /** Resolves when the command has ended. */
  readonly exitCode: Promise<number | null>;
}

/** By script(1) of util-linux, which every Debian has. */
export function openTerminal(m: Machine, cwd: string, ...args: readonly string[]): Terminal {
  const command = `stty rows 40 cols 200; exec ${quoteCommand([process.execPath, bin, ...args])}`;
  const child = spawn("script", ["-qefc", command, "/dev/null"], {
    cwd,
    env: { ...m.env, TERM: "xterm", SHELL: "/bin/sh" },
    stdio: ["pipe", "pipe", "ignore"],
  });
  m.owns(child);
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString("utf8")));
  child.stdin.on("error", () => {}); // It has ended.
  const shown = () => stripControlCharacters(output);
  return {
    shown,
    async reads(text) {
      await eventually(`the terminal to show ${text}`, () => shown().includes(text));
    },
    types: (line) => void child.stdin.write(`${line}\r`),
    exitCode: new Promise((resolve, reject) => child.on("error", reject).on("close", resolve)),
  };
}
