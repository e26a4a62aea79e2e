import { parseBytes, parseDuration, parseMemoryMiB } from "@slipway/config";
import { expect, test } from "vitest";

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

test.each([
  ["30", 30 * minute],
  ["30:15", 30 * minute + 15],
  ["90:00", 90 * minute],
  ["06:00", 6 * minute],
  ["4:00:00", 4 * hour],
  ["06:00:00", 6 * hour],
  ["1-0", day],
  ["1-12:30", day + 12 * hour + 30 * minute],
  ["1-12:30:05", day + 12 * hour + 30 * minute + 5],
  ["01:02:03:04", day + 2 * hour + 3 * minute + 4],
  ["100-00:00:00", 100 * day],
  ["4h", 4 * hour],
  ["90m", 90 * minute],
  ["90s", 90],
  ["14d", 14 * day],
  ["2w", 14 * day],
  ["1h30m", hour + 30 * minute],
  ["1d 2h", day + 2 * hour],
  ["1.5h", hour + 30 * minute],
  ["0.1s", 1],
  [" 4H ", 4 * hour],
  ["0", 0],
])("reads the duration %j as %d s", (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});

test.each(["", "soon", "4 hours", "-1", "1:2:3:4:5", "1-1:2:3:4", "1--2", "30m1h", "1.5", "∞", "9".repeat(30), "1h-2"])(
  "refuses the duration %j",
  (text) => {
    expect(() => parseDuration(text)).toThrow(
      expect.objectContaining({
        code: "CONFIG_INVALID_VALUE",
        message: `Expected a duration such as 4h, 90m, 1h30m or 1-12:30:00, got ${JSON.stringify(text)}`,
      }),
    );
  },
);

test("reads back every duration that is written as Slurm writes it, or with units", () => {
  for (let seconds = 1; seconds < 40 * day; seconds = seconds * 2 + 7) {
    const [days, rest] = [Math.floor(seconds / day), seconds % day];
    const fields = [Math.floor(rest / hour), Math.floor((rest % hour) / minute), rest % minute] as const;
    const [hours, minutes, left] = fields.map((field) => String(field).padStart(2, "0"));
    expect(parseDuration(`${days}-${hours}:${minutes}:${left}`)).toBe(seconds);
    expect(parseDuration(`${days}d${fields[0]}h${fields[1]}m${fields[2]}s`)).toBe(seconds);
    expect(parseDuration(`${seconds}s`)).toBe(seconds);
  }
});

test.each([
  ["500MB", 500e6],
  ["50GB", 50e9],
  ["1.5GiB", 1.5 * 2 ** 30],
  ["1K", 1024],
  ["1k", 1024],
  ["2T", 2 * 2 ** 40],
  ["10 MiB", 10 * 2 ** 20],
  ["123", 123],
  ["123B", 123],
  ["0.0001kB", 1],
  ["0", 0],
])("reads the size %j as %d bytes", (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});

test.each(["", "lots", "-1", "1XB", "1 G B", "1e3", "MB", "99999999TB", "0x10"])("refuses the size %j", (text) => {
  expect(() => parseBytes(text)).toThrow(
    expect.objectContaining({
      code: "CONFIG_INVALID_VALUE",
      message: `Expected a size such as 500MB, 50GB or 1.5GiB, got ${JSON.stringify(text)}`,
    }),
  );
});

test("reads back a whole number of every unit", () => {
  const units = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, K: 2 ** 10, MiB: 2 ** 20, G: 2 ** 30, TiB: 2 ** 40 };
  for (const [unit, factor] of Object.entries(units)) {
    for (const count of [0, 1, 7, 999, 1023]) expect(parseBytes(`${count}${unit}`)).toBe(count * factor);
  }
});

test.each([
  ["64G", 65_536],
  ["64GB", 65_536],
  ["64GiB", 65_536],
  ["64000M", 64_000],
  ["64000", 64_000],
  ["1025K", 2],
  ["2t", 2_097_152],
  ["0", 0],
])("reads the memory %j as %d MiB", (text, memoryMiB) => {
  expect(parseMemoryMiB(text)).toBe(memoryMiB);
});

test.each(["", "much", "1.5G", "-1", "G", "64P"])("refuses the memory %j", (text) => {
  expect(() => parseMemoryMiB(text)).toThrow(
    expect.objectContaining({
      code: "CONFIG_INVALID_VALUE",
      message: `Expected memory such as 64G or 64000M, got ${JSON.stringify(text)}`,
    }),
  );
});
