import type { IndexFile } from "../git/index-file.ts";

/** An entry of git's index takes about this much; it only has to be of the right size. */
const entryBytes = 80;
const manyFiles = 6_000;
const someFiles = 1_200;

/**
 * Whether a packaging is likely to have so much to do that helpers are worth their start; they start while git still lists then.
 * Nothing but time depends on it.
 */
export function expectsWork({ bytes }: Pick<IndexFile, "bytes">, { isKnown }: { readonly isKnown: boolean }): boolean {
  return bytes > entryBytes * (isKnown ? manyFiles : someFiles);
}
