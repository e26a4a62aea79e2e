// @ts-check
import { constants } from "node:os";

import { quoteShell, SlipwayError } from "@slipway/core";

import { processFunctions } from "./processes.mjs";
import { runScript } from "./remote.mjs";

/**
 * @param {readonly import("@slipway/core").JobHandle[]} handles
 * @param {{ transport: import("@slipway/core").Transport, graceSeconds: number }} context
 * @param {import("@slipway/core").CancelOptions} options
 */
export async function cancel(handles, { transport, graceSeconds }, { signalName, arrayIndices, signal }) {
  if (arrayIndices) throw new SlipwayError("EXECUTOR_NO_ELEMENTS", "An array is ended as a whole here");
  const name = signalName?.replace(/^SIG/, "");
  if (name !== undefined && !Object.hasOwn(constants.signals, `SIG${name}`)) {
    throw new SlipwayError("EXECUTOR_UNKNOWN_SIGNAL", `There is no signal ${JSON.stringify(signalName)}`);
  }
  const call = name === undefined ? `end_job ${graceSeconds}` : `pass_on ${name}`;
  const calls = handles.map(({ runDir }) => `(cd -- ${quoteShell(runDir)} 2>/dev/null && ${call})\n`).join("");
  await runScript(transport, `${processFunctions}${functions}${calls}`, signal);
}

const functions = String.raw`
pass_on() { # SIGNAL
  find_processes
  [ "$group" = no ] || kill "-$1" "-$group_pid"
}
end_job() { # SECONDS
  find_processes
  case $wrapper$group in nono) return ;; esac
  printf 'version=1\nby=%s\nat=%s\nend=1\n' "$(id -un)" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" >"cancel.$$" && mv "cancel.$$" cancel
  if [ "$wrapper" = yes ]; then
    kill -TERM "$wrapper_pid"
    return
  fi
  # The wrapper is gone and the command is not.
  kill -TERM "-$group_pid"
  (sleep "$1"; kill -KILL "-$group_pid") >/dev/null 2>&1 &
}
`;
