import { isAscii, isUtf8 } from "node:buffer";

import { mayHaveSecretName } from "../secrets.ts";
import { mayDifferInCase } from "../warnings.ts";
import type { FileTable } from "./table.ts";

/** One look at all names: whether one leads out of the bundle, is made to hold secrets, or differs from another only in case. */
export function hasNotableName({ names }: Pick<FileTable, "names">): boolean {
  const text = names.toString("latin1");
  if (unsafeComponent.test(text) || mayHaveSecretName(text) || !isUtf8(Buffer.from(names))) return true;
  const folded = isAscii(names) ? text : names.toString("utf8");
  return mayDifferInCase(folded.split("\0"));
}

// As `isSafePath` says of one; each name has a zero byte after it.
// oxlint-disable-next-line no-control-regex
const unsafeComponent = /(?:^|[/\u0000])(?:\.{0,2}|\.git)(?:[/\u0000])/;
