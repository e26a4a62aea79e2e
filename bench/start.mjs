import process from "node:process";

import { command, milliseconds, pairs } from "./pairs.mjs";

/** How long the command takes to begin. */
export async function startBench({ slipway, only }) {
  if (only !== undefined && only !== "P1") return [];
  const { a, b, ratio } = await pairs(
    command(process.execPath, [slipway, "--version"]),
    command(process.execPath, ["-e", ""]),
    {
      runs: 21,
    },
  );
  const row = {
    id: "P1",
    name: "slipway --version",
    measured: milliseconds(a),
    against: `node -e '' ${milliseconds(b)}`,
    ratio,
    target: 1.5,
  };
  return [row];
}
