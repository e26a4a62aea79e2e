import type { ConfigDocument } from "./document.ts";
import { isMapping, renderPath } from "./problem.ts";
import type { Path } from "./problem.ts";

/** A value as a document: its parts are found by their keys alone, and lines and columns are 1. */
export function valueDocument(value: unknown, file: string): ConfigDocument {
  return {
    file,
    value: isMapping(value) ? withoutUndefined(value) : value,
    diagnostics: [],
    text: (path) => textOf(value, path),
    diagnose({ path, message, hint }) {
      const diagnostic = { file, line: 1, column: 1, path: renderPath(path), message };
      return hint === undefined ? diagnostic : { ...diagnostic, hint };
    },
  };
}

function textOf(value: unknown, path: Path): string | undefined {
  let found = value;
  for (const segment of path) {
    if (Array.isArray(found)) found = found[Number(segment)];
    else found = isMapping(found) && Object.hasOwn(found, segment) ? found[segment] : undefined;
  }
  return typeof found === "string" || typeof found === "number" || typeof found === "boolean"
    ? String(found)
    : undefined;
}

/** A key that is undefined is not there. */
function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (!isMapping(value)) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.map(([key, item]) => [key, withoutUndefined(item)]));
}
