import { execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

import { quoteCommand, stripControlCharacters } from "@slipway/core";
import { eventually } from "@slipway/testing";

import { viewScreen } from "./screen.ts";
import type { ScreenView, TerminalSize } from "./screen.ts";
import { bin } from "./slipway.ts";
import type { Machine } from "./slipway.ts";

const execFileAsync = promisify(execFile);

/** The command on a terminal of its own, with a person who reads and types. */
export interface Terminal {
  /** All that the terminal has shown, without control characters. */
  shown(): string;
  /** Waits until the text is shown. */
  reads(text: string): Promise<void>;
  /** What stands on it now. */
  view(): ScreenView;
  /** Types a line. */
  types(line: string): void;
  /** Presses Ctrl-C. */
  interrupts(): void;
  resizes(size: TerminalSize): Promise<void>;
  /** Resolves when the command has ended. */
  readonly exitCode: Promise<number | null>;
}

/** By script(1) of util-linux, which every Debian has. */
export function openTerminal(m: Machine, cwd: string, ...args: readonly string[]): Terminal {
  const ttyFile = path.join(m.folder, `tty-${randomUUID()}`);
  const command = `stty rows 40 cols 200; tty >${quoteCommand([ttyFile])}; exec ${quoteCommand([process.execPath, bin, ...args])}`;
  const child = spawn("script", ["-qefc", command, "/dev/null"], {
    cwd,
    env: { ...m.env, TERM: "xterm", SHELL: "/bin/sh" },
    stdio: ["pipe", "pipe", "ignore"],
  });
  m.owns(child);
  const output: (string | TerminalSize)[] = [];
  child.stdout.setEncoding("utf8").on("data", (text: string) => void output.push(text));
  child.stdin.on("error", () => {}); // It has ended.
  const shown = () => stripControlCharacters(output.filter((part) => typeof part === "string").join(""));
  return {
    shown,
    async reads(text) {
      await eventually(`the terminal to show ${text}`, () => shown().includes(text));
    },
    view: () => viewScreen(output),
    interrupts: () => void child.stdin.write("\u0003"),
    async resizes({ rows, columns }) {
      const tty = (await readFile(ttyFile, "utf8")).trim();
      output.push({ rows, columns });
      await execFileAsync("stty", ["-F", tty, "rows", String(rows), "cols", String(columns)]);
    },
    types: (line) => void child.stdin.write(`${line}\r`),
    exitCode: new Promise((resolve, reject) => child.on("error", reject).on("close", resolve)),
  };
}
