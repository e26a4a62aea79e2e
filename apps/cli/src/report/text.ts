import { styleText } from "node:util";

import type { JobState } from "@slipway/core";

import type { OutputStream } from "../context.ts";

const symbols: Readonly<Record<JobState, string>> = {
  queued: "…",
  running: "▸",
  succeeded: "✓",
  failed: "✗",
  timed_out: "✗",
  cancelled: "–",
  unknown: "?",
};

type Style = Parameters<typeof styleText>[0];

const styles: Readonly<Record<JobState, Style>> = {
  queued: "yellow",
  running: "cyan",
  succeeded: "green",
  failed: "red",
  timed_out: "red",
  cancelled: "gray",
  unknown: "magenta",
};

/** Whether escape sequences belong on this stream: a terminal that has not asked for plain text (NO_COLOR, TERM=dumb). */
export function hasColor(stream: OutputStream, env: Readonly<Record<string, string | undefined>>): boolean {
  const plain = (env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb";
  return stream.isTTY === true && !plain;
}

export function paint(text: string, style: Style, color: boolean): string {
  return color ? styleText(style, text, { validateStream: false }) : text;
}

export function stateText(state: JobState, color: boolean): string {
  return paint(`${symbols[state]} ${state}`, styles[state], color);
}

/** Columns padded to the widest cell, two spaces between, none at the end. */
export function renderTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, displayWidth(cell))));
  }
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - displayWidth(cell)))
      .join("  ")
      .trimEnd(),
  );
  return lines.map((line) => `${line}\n`).join("");
}

// oxlint-disable-next-line no-control-regex
const escapeSequence = /\u001b\[[0-9;]*m/g;

export function displayWidth(text: string): number {
  return Array.from(text.replaceAll(escapeSequence, "")).length;
}

/** The beginning of a line that fits; its escape sequences stay, so that no colour goes on behind it. */
export function cutToWidth(line: string, columns: number): string {
  if (displayWidth(line) <= columns) return line;
  let room = columns;
  // oxlint-disable-next-line no-control-regex
  const parts = line.split(/(\u001b\[[0-9;]*m)/);
  return parts
    .map((part, index) => {
      if (index % 2 === 1) return part;
      const kept = Array.from(part).slice(0, room);
      room -= kept.length;
      return kept.join("");
    })
    .join("");
}

const byteUnits = ["B", "kB", "MB", "GB", "TB"] as const;

/** `1234567` → `1.2 MB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < byteUnits.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.5 ? 0 : 1;
  return `${value.toFixed(digits)} ${byteUnits[unit] ?? "B"}`;
}

/** `93_784_000` → `1d 2h`. Two units at most. */
export function formatDuration(durationMs: number): string {
  const seconds = Math.max(0, Math.round(durationMs / 1000));
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "m"],
    [seconds % 60, "s"],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  if (first < 0) return "0s";
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount}${unit}`)
    .join(" ");
}

/** `1 file`, `2 files`. */
export function count(amount: number, one: string, many = `${one}s`): string {
  return `${amount} ${amount === 1 ? one : many}`;
}

const mostNamed = 10;

/** `a, b, c`; of many the first ones and how many more there are. */
export function nameAll(names: readonly string[]): string {
  if (names.length <= mostNamed) return names.join(", ");
  return `${names.slice(0, mostNamed - 1).join(", ")} and ${names.length - mostNamed + 1} more`;
}
