import assert from "node:assert/strict";

import { ending } from "./ending.ts";
import type { TrialCase } from "./trial.ts";

/** What a job is given: its code, arguments, variables, secrets. */
export const passingCases: readonly TrialCase[] = [
  {
    name: "passes arguments byte for byte",
    async check(trial) {
      const { log } = await trial.run({ argv: ["sh", "-c", String.raw`printf '%s\0' "$@"`, "sh", ...oddTexts] });
      assert.deepEqual(log.split("\0"), [...oddTexts, ""]);
    },
  },
  {
    name: "passes variables and secrets byte for byte",
    async check(trial) {
      const variables = (prefix: string) =>
        Object.fromEntries(oddTexts.map((text, index) => [`${prefix}${index}`, text]));
      const print = (prefix: string) => oddTexts.map((_, index) => `"$${prefix}${index}"`).join(" ");
      const plan = trial.plan(
        { env: variables("PLAIN_"), sh: String.raw`printf '%s\0' ${print("PLAIN_")} ${print("SECRET_")}` },
        variables("SECRET_"),
      );
      const [handle] = await trial.executor.submit([plan]);
      assert.ok(handle);
      await trial.end(handle);
      assert.deepEqual((await trial.log(handle)).toString().split("\0"), [...oddTexts, ...oddTexts, ""]);
    },
  },
  {
    name: "writes secrets into no file that others may read, nor into the script",
    async check(trial) {
      const secret = "s3cret-of-the-contract";
      const plan = trial.plan(
        { sh: 'find "$SLIPWAY_RUN_DIR/.." -type f ! -perm 600 -exec grep -lF -- "$TOKEN" {} +' },
        { TOKEN: secret },
      );
      const holding = plan.files.filter(({ content }) => content.includes(secret));
      assert.deepEqual(
        holding.map(({ mode }) => mode),
        holding.map(() => 0o600),
      );
      assert.ok(
        holding.every(({ path }) => path !== plan.script),
        "the script holds a secret",
      );
      const [handle] = await trial.executor.submit([plan]);
      assert.ok(handle);
      await trial.end(handle);
      assert.equal((await trial.log(handle)).toString(), "");
    },
  },
  {
    name: "runs in the staged code, with the job's variables",
    async check(trial) {
      const print =
        'cat slipway-contract.txt && [ "$(pwd -P)" = "$(cd "$SLIPWAY_CODE_DIR" && pwd -P)" ] && [ -w "$SLIPWAY_RUN_DIR" ] && echo "$SLIPWAY_EXPERIMENT $SLIPWAY_JOB $SLIPWAY_ATTEMPT"';
      const { handle, log } = await trial.run({ name: "where", sh: print });
      assert.equal(log, `code that is staged\n${handle.experiment} where 1\n`);
    },
  },
  {
    name: "runs lines in bash, and stops at the first that fails",
    async check(trial) {
      const lines = ["echo one", "false | cat", "echo never"];
      const { status, log } = await trial.run({ command: { kind: "shell", lines } });
      assert.deepEqual([ending(status), log], [{ state: "failed", exitCode: 1, signal: undefined }, "one\n"]);
    },
  },
  {
    name: "stages the same code once",
    async check(trial, { executor, bundle }) {
      assert.deepEqual(await executor.stage(bundle), { ...trial.code, uploadedBytes: 0 });
    },
  },
];

/** Words that a careless hand between us and the process would change. */
const oddTexts: readonly string[] = [
  "",
  " ",
  "two  spaces",
  "it's",
  '"quoted"',
  "$HOME ${HOME} $(exit 3) `exit 3`",
  "back\\slash \\n \\",
  "first\nsecond\n",
  "\n",
  "\ttab\r",
  "* ? [a] ~ # ! & | ; < > ( ) { }",
  "-n",
  "--",
  "A=1",
  "é ü 日本語 💥",
  "\u0001\u001b[31m\u007f",
  "%s %d %%",
];
