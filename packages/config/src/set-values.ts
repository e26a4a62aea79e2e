import { isAlias, isCollection, isMap, isScalar, isSeq, parseDocument, visit } from "yaml";
import type { Document } from "yaml";

import { keyText } from "./convert.ts";
import { ConfigError } from "./error.ts";

/**
 * Replaces values of a document that is not converted yet: `jobs.train.gpus=4`, `jobs.train.matrix.lr=[0.1, 0.2]`. Dots part the keys; a key
 * that has dots itself is found when it is there. What is set stands, for diagnostics, where the nearest part of the file does.
 * Throws CONFIG_INVALID_VALUE.
 */
export function setValues(document: Document.Parsed, settings: readonly string[]): void {
  for (const setting of settings) {
    const equals = setting.indexOf("=");
    const keys = setting.slice(0, Math.max(0, equals)).split(".");
    if (equals < 1 || keys.includes("")) throw invalid(setting, "write PATH=VALUE, such as jobs.train.gpus=4");
    document.setIn(findPath(document, keys, setting), parseValue(setting.slice(equals + 1), setting));
  }
}

function parseValue(text: string, setting: string): unknown {
  const parsed = parseDocument(text, { version: "1.2", schema: "core", uniqueKeys: false, prettyErrors: false });
  if (parsed.errors.length > 0) throw invalid(setting, "the value is not YAML; put quotes around it");
  visit(parsed, {
    Node(_, node) {
      node.range = null; // A place in the value is no place in the file.
    },
  });
  return parsed.contents;
}

/** Keys as the document has them: of `a.b.c` the longest that is there, at each step. */
function findPath(document: Document.Parsed, parts: readonly string[], setting: string): readonly (string | number)[] {
  const path: (string | number)[] = [];
  let node: unknown = document.contents;
  for (let at = 0; at < parts.length;) {
    if (isAlias(node)) throw invalid(setting, `${path.join(".")} is an alias; set the place that its anchor stands at`);
    if (node !== null && node !== undefined && !isCollection(node)) {
      if (!isScalar(node) || node.value !== null) throw invalid(setting, `${path.join(".")} is no map`);
      document.deleteIn(path); // A key with nothing after it.
      node = undefined;
    }
    const lengths = Array.from({ length: parts.length - at }, (_, index) => parts.length - at - index);
    const found = isMap(node)
      ? lengths
          .map((length) => ({ length, key: parts.slice(at, at + length).join(".") }))
          .find(({ key }) => isMap(node) && node.items.some((item) => keyText(item.key) === key))
      : undefined;
    const key = found?.key ?? parts[at] ?? "";
    const segment = isSeq(node) && /^\d+$/.test(key) ? Number(key) : key;
    path.push(segment);
    node = isCollection(node) ? node.get(segment, true) : undefined;
    at += found?.length ?? 1;
  }
  return path;
}

function invalid(setting: string, hint: string): ConfigError {
  return new ConfigError("CONFIG_INVALID_VALUE", `${JSON.stringify(setting.slice(0, 80))} cannot be set`, { hint });
}
