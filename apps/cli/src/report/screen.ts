import { EventEmitter } from "node:events";

import type { OutputStream } from "../context.ts";
import { cutToWidth, displayWidth } from "./text.ts";

/** A part of a terminal that is drawn anew in its place. */
export interface Screen {
  /** Draws over what was drawn before, in one write; lines that the terminal has no room for are left out, and `more` tells of it. */
  draw(lines: readonly string[], more: string): void;
  /** Leaves what is drawn, and the terminal as it was. */
  close(): void;
}

/** Source: ECMA-48; DECAWM (7) and DECTCEM (25) of xterm's control sequences. `onResize` is called when the terminal has another size. */
export function openScreen(stdout: OutputStream, onResize: () => void): Screen {
  const emitter = stdout instanceof EventEmitter ? stdout : undefined;
  const showCursor = () => void stdout.write("\u001b[?25h");
  emitter?.on("resize", onResize);
  process.once("exit", showCursor); // A second Ctrl-C waits for nothing.
  let widths: readonly number[] = []; // Of the lines that are drawn.
  return {
    draw(lines, more) {
      const columns = stdout.columns ?? 80;
      const most = Math.max(2, (stdout.rows ?? 24) - 1);
      const shown = lines.length > most ? [...lines.slice(0, most - 1), more] : lines;
      // A terminal that has become narrower has broken lines that were too long for it.
      const rows = widths.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
      const up = rows > 0 ? `\u001b[${rows}A` : "";
      const body = shown.map((line) => `${cutToWidth(line, columns)}\u001b[K\n`).join("");
      stdout.write(`\u001b[?25l\u001b[?7l${up}\r${body}\u001b[J\u001b[?7h`);
      widths = shown.map((line) => Math.min(displayWidth(line), columns));
    },
    close() {
      emitter?.off("resize", onResize);
      process.off("exit", showCursor);
      showCursor();
    },
  };
}
