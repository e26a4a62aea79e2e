import * as z from "zod/mini";

import { afterWords, arrayWords, parseAfter, parseArray, parseWarning, warningWords } from "./job-text.ts";
import { choice, either, expected, list, mapping, object, optional, pattern, text, wholeNumber } from "./schema.ts";
import { isReadBy } from "./units.ts";

export function containerShape() {
  return {
    container: optional(
      "A container that the cluster names, or an image.",
      pattern("the name of a container or an image", /^(?!-)[^\s\0]+$/),
    ),
    mounts: optional(
      "What the container sees beside the cluster's mounts: SOURCE:TARGET[:ro], absolute paths.",
      list(
        pattern("SOURCE:TARGET or SOURCE:TARGET:ro with absolute paths", /^\/[^:,\0\n]*:\/[^:,\0\n]*(?::r[ow])?$/),
        "mounts",
      ),
    ),
  };
}

export function retriesSchema() {
  const budget = (what: string) =>
    optional(what, either("a whole number or unlimited", [wholeNumber(0), choice(["unlimited"])]));
  return either("a whole number, or budgets by cause", [
    wholeNumber(0),
    object({
      timeout: budget("It ran into its time limit."),
      preempted: budget("A more important job took its place."),
      node_failed: budget("Its node was lost."),
      failed: budget("Its command failed."),
      requested: budget(
        "Its command exited with 75 (EX_TEMPFAIL), which asks for it; unlimited by default, where there are retries at all.",
      ),
    }),
  ]);
}

export function sbatchSchema() {
  return mapping(either("text, a number or true/false", [text()]), "sbatch options");
}

export function warningSchema() {
  return readBy(warningWords, (word) => isReadBy(secondsOf, word));
}

export function arraySchema() {
  const error = expected(arrayWords);
  return z.union(
    [readBy(arrayWords, (word) => isReadBy(sizeOf, word)), z.int({ error }).check(z.minimum(0, { error }))],
    {
      error,
    },
  );
}

export function afterSchema() {
  const reference = () => {
    const error = expected(afterWords);
    return z.union([readBy(afterWords, (word) => isReadBy(lengthOf, word)), z.number({ error })], { error });
  };
  return either("an experiment or a list of them", [reference(), list(reference(), "experiments")]);
}

const secondsOf = (word: string) => parseWarning(word).secondsBefore;
const sizeOf = (word: string) => parseArray(word).indices.length;
const lengthOf = (word: string) => parseAfter(word).experiment.length;

function readBy(what: string, isValid: (word: string) => boolean) {
  const error = expected(what);
  return z.string({ error }).check(z.refine(isValid, { error }));
}
