import { isAlias, isMap, isScalar, isSeq } from "yaml";
import type { Alias, Document, YAMLMap } from "yaml";

import type { Path } from "./problem.ts";

interface ConversionProblem {
  /** Where in the text, in characters from 0. */
  readonly offset: number;
  readonly path: Path;
  readonly message: string;
}

/** More values than any config holds; fewer than a file of nested aliases can make. */
const maxValues = 100_000;

interface Conversion {
  readonly document: Document.Parsed;
  readonly isNullKept: (path: Path) => boolean;
  readonly problems: ConversionProblem[];
  /** Numbers and booleans as they are written, by `textKey`. */
  readonly texts: Map<string, string>;
  /** Anchored nodes that are being converted now. */
  readonly open: Set<unknown>;
  values: number;
}

/** A document's plain value, with its keys as they are written, each once. */
export function convertDocument(document: Document.Parsed, isNullKept: (path: Path) => boolean): ConvertedDocument {
  const conversion: Conversion = { document, isNullKept, problems: [], texts: new Map(), open: new Set(), values: 0 };
  const value = convert(conversion, document.contents, []) ?? {};
  if (conversion.values <= maxValues) return { value, texts: conversion.texts, problems: conversion.problems };
  const problem = { offset: 0, path: [], message: `more than ${maxValues} values, counting those of aliases` };
  return { value: undefined, texts: conversion.texts, problems: [problem] };
}

export interface ConvertedDocument {
  readonly value: unknown;
  readonly texts: ReadonlyMap<string, string>;
  readonly problems: readonly ConversionProblem[];
}

export function textKey(path: Path): string {
  return path.join("\0");
}

/** A map's key as text; undefined for a key that is a list, a map or an alias. */
export function keyText(key: unknown): string | undefined {
  if (typeof key === "string") return key; // One that was set.
  if (!isScalar(key)) return undefined;
  return typeof key.value === "string" ? key.value : (key.source ?? String(key.value));
}

function convert(conversion: Conversion, node: unknown, path: Path): unknown {
  conversion.values += 1;
  if (conversion.values > maxValues) return null;
  if (isAlias(node)) return convertAlias(conversion, node, path);
  if (isScalar(node)) {
    const isWrittenOtherwise = typeof node.value === "number" || typeof node.value === "boolean";
    if (isWrittenOtherwise && node.source !== undefined) conversion.texts.set(textKey(path), node.source);
    return node.value;
  }
  if (!isMap(node) && !isSeq(node)) return null;
  conversion.open.add(node);
  const value = isMap(node)
    ? convertMap(conversion, node, path)
    : node.items.map((item, index) => convert(conversion, item, [...path, index]));
  conversion.open.delete(node);
  return value;
}

function convertAlias(conversion: Conversion, alias: Alias, path: Path): unknown {
  const report = (message: string) => {
    conversion.problems.push({ offset: alias.range?.[0] ?? 0, path, message });
    return null;
  };
  const target = alias.resolve(conversion.document);
  if (target === undefined) return report(`no anchor &${alias.source} stands before this alias`);
  if (conversion.open.has(target)) return report(`the alias *${alias.source} stands inside its own anchor`);
  return convert(conversion, target, path);
}

function convertMap(conversion: Conversion, map: YAMLMap, path: Path): unknown {
  const entries = new Map<string, unknown>();
  for (const { key, value } of map.items) {
    const name = keyText(key);
    const offset = isScalar(key) ? (key.range?.[0] ?? 0) : (map.range?.[0] ?? 0);
    const report = (at: Path, message: string) => conversion.problems.push({ offset, path: at, message });
    if (name === undefined) {
      report(path, "a key must be plain text");
      continue;
    }
    const valuePath = [...path, name];
    if (name === "__proto__") report(valuePath, "this name cannot be a key");
    if (entries.has(name)) report(valuePath, "this key stands twice in its map");
    const converted = convert(conversion, value, valuePath);
    if (converted !== null || conversion.isNullKept(valuePath)) entries.set(name, converted);
    else entries.delete(name);
  }
  return Object.fromEntries(entries);
}
