// @ts-check
import { SlipwayError } from "@slipway/core";

/**
 * Runs a script of POSIX sh there. It travels over standard input, so that no secret stands in an argument list, and as a function, so that
 * nothing runs unless all of it has arrived.
 *
 * @param {import("@slipway/core").Transport} transport
 * @param {string} script
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<Buffer>} what it printed
 */
export async function runScript(transport, script, signal) {
  signal?.throwIfAborted();
  const { exitCode, stdout, stderr } = await transport.exec(["sh", "-s"], {
    stdin: `main() {\nexec </dev/null\n${script}\necho done\n}\nmain\nexit\n`,
    signal,
  });
  const output = Buffer.from(stdout);
  if (exitCode === 0 && output.subarray(-5).toString("latin1") === "done\n") return output.subarray(0, -5);
  throw new SlipwayError(
    "EXECUTOR_HOST_FAILED",
    `${transport.host} did not do it: ${stderr.trim() || `exit code ${exitCode}`}`,
    {
      hint: "Nothing was submitted; try again",
    },
  );
}
