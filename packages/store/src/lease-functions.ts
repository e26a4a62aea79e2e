import { copying } from "./copy-part.ts";
import { finding, holding, trying, wrapping } from "./lease-parts.ts";

/**
 * Leases as POSIX sh functions: text to put in front of a snippet or into a job's script, for dash, bash, busybox and macOS's
 * sh. Values are parameters. A function changes one thing, looks at what came of it, and may be repeated: the answer to a change
 * can be lost, so what is there already counts as done. None reads standard input; none prints unless its comment says so.
 * What a function finds out stands in the variable that its comment names. All names begin with `slipway_`.
 *
 * STORE is the folder `<root>/store`, INSTANCE an instance's folder `<root>/store/code/<digest>.<nonce>`. Names that become a
 * part of a lease (tokens, clusters, jobs, experiments) are those that `checkName` lets pass; the functions do not check again.
 */
export const leaseFunctions: string = `${finding}${holding}${trying}${wrapping}`;

/** Those of `leaseFunctions` that a submit needs, without what only people need: each submit sends them. */
export const submitFunctions: string = `${compact(`${finding}${holding}${trying}`)}\n`;

/** Those of `leaseFunctions` that a job's wrapper needs: `slipway_use_code` and what it is made of. */
export const wrapperFunctions: string = `${finding}${wrapping}`;

/**
 * For a job whose working directory is a private, writable copy of its code: `slipway_private_copy INSTANCE DEST`, where DEST lies in
 * the job's run directory. Needs nothing else of `leaseFunctions`.
 */
export const privateCopyFunctions: string = `${compact(copying)}\n`;

/** A snippet without comments, indentation and empty lines. */
export function compact(text: string): string {
  return text
    .replaceAll(/^ +/gm, "")
    .replaceAll(/^#.*\n/gm, "")
    .replaceAll(/\n+/g, "\n")
    .trim();
}
