import assert from "node:assert/strict";

import { waitsForSignal } from "./commands.ts";
import { ending } from "./ending.ts";
import type { TrialCase } from "./trial.ts";

/** What a job prints. */
export const outputCases: readonly TrialCase[] = [
  {
    name: "keeps output byte for byte, both streams in order",
    async check(trial) {
      const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
      const octal = [...bytes].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
      const { handle } = await trial.run({ sh: `printf out; printf err >&2; printf out; printf '${octal}'` });
      assert.deepEqual(await trial.log(handle), Buffer.concat([Buffer.from("outerrout"), bytes]));
    },
  },
  {
    name: "gives logs from an offset, and from the end",
    async check(trial) {
      const { handle } = await trial.run({ sh: "printf 0123456789" });
      const parts = await Promise.all(
        [0, 4, 10, 99, -3, -99].map(async (offset) => (await trial.log(handle, { offset })).toString()),
      );
      assert.deepEqual(parts, ["0123456789", "456789", "", "", "789", "0123456789"]);
    },
  },
  {
    name: "tells where in the log a chunk begins",
    async check(trial) {
      const { handle } = await trial.run({ sh: "printf 0123456789" });
      for await (const { attempt, offset } of trial.executor.logs(handle, { offset: -4 })) {
        assert.deepEqual({ attempt, offset }, { attempt: 1, offset: 6 });
        break;
      }
    },
  },
  {
    name: "follows a log to the job's end, and passes one signal on without cancelling",
    async check(trial) {
      const [handle] = await trial.submit({ sh: waitsForSignal("USR1", "second") });
      assert.ok(handle);
      let seen = "";
      for await (const { bytes } of trial.executor.logs(handle, { follow: true })) {
        seen += Buffer.from(bytes).toString();
        if (seen === "first\n") await trial.executor.cancel([handle], { signalName: "USR1" });
      }
      assert.equal(seen, "first\nsecond\n");
      assert.deepEqual(ending(await trial.end(handle)), { state: "succeeded", exitCode: 0, signal: undefined });
    },
  },
  {
    name: "stops following when it is aborted, with the signal's reason",
    async check(trial) {
      const [handle] = await trial.submit({ sh: waitsForSignal("USR1", "second") });
      assert.ok(handle);
      const abort = new AbortController();
      const reason = new Error("enough");
      const follow = async () => {
        for await (const chunk of trial.executor.logs(handle, { follow: true, signal: abort.signal })) {
          if (chunk.bytes.length > 0) abort.abort(reason);
        }
      };
      await assert.rejects(follow(), reason);
      await trial.executor.cancel([handle]);
      await trial.end(handle);
    },
  },
];
