import type { Diagnostic } from "@slipway/core";
import { isAlias, isMap, isScalar, isSeq, Lexer, LineCounter, parseDocument } from "yaml";
import type { Document, YAMLError } from "yaml";

import { convertDocument, keyText, textKey } from "./convert.ts";
import type { ConvertedDocument } from "./convert.ts";
import { isMapping, renderPath } from "./problem.ts";
import type { Path, Problem } from "./problem.ts";
import { setValues } from "./set-values.ts";

/** A YAML file's content, and where each part of it stands. */
export interface ConfigDocument {
  readonly file: string;
  /** Maps, lists, strings, numbers, booleans; an empty map for an empty file. Undefined when the file is not YAML. */
  readonly value: unknown;
  /** What is wrong with the file as YAML. */
  readonly diagnostics: readonly Diagnostic[];
  /** A scalar just as it is written (`0.10`, not 0.1); undefined where there is none. */
  text(path: Path): string | undefined;
  diagnose(problem: Problem): Diagnostic;
}

export interface DocumentOptions {
  readonly text: string;
  readonly file: string;
  /** Where a key with nothing after it is more than an absent key: below names that the user chose. */
  readonly isNullKept?: ((path: Path) => boolean) | undefined;
  /** `PATH=VALUE`: values that are replaced (see `setValues`). */
  readonly set?: readonly string[] | undefined;
}

/** Reads one YAML 1.2 document (core schema). Never throws for what a text holds; CONFIG_INVALID_VALUE for what cannot be set. */
export function readDocument(options: DocumentOptions): ConfigDocument {
  const { text: withMark, file, isNullKept = () => false, set = [] } = options;
  const text = withMark.replace(/^\uFEFF/, "");
  if (isTooDeep(text)) return unreadable({ file, line: 1, column: 1, path: "", message: "nested too deeply" });
  const lineCounter = new LineCounter();
  const reading = { version: "1.2", schema: "core", uniqueKeys: false, prettyErrors: false } as const;
  const document = parseDocument(text, { ...reading, lineCounter });
  const place = (offset: number) => {
    const { line, col } = lineCounter.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const mistakes = [...document.errors, ...document.warnings].map((error) => ({
    ...place(error.pos[0]),
    path: "",
    message: describeMistake(error),
  }));
  const isYaml = document.errors.length === 0;
  if (isYaml) setValues(document, set);
  const converted = isYaml ? convertDocument(document, isNullKept) : notConverted;
  const found = converted.problems.map(({ offset, path, message }) => {
    return { ...place(offset), path: renderPath(path), message };
  });
  return {
    file,
    value: converted.value,
    diagnostics: [...mistakes, ...found],
    text: (path) => scalarText(converted, path),
    diagnose({ path, message, hint, at = "value" }) {
      const diagnostic = { ...place(locate(document, path, at)), path: renderPath(path), message };
      return hint === undefined ? diagnostic : { ...diagnostic, hint };
    },
  };
}

function unreadable(diagnostic: Diagnostic): ConfigDocument {
  const { file } = diagnostic;
  return { file, value: undefined, diagnostics: [diagnostic], text: () => undefined, diagnose: () => diagnostic };
}

const notConverted: ConvertedDocument = { value: undefined, texts: new Map(), problems: [] };

/** Deeper than any config; far less than what the parser's recursion takes. */
const maxFlowDepth = 100;
const deepBlock = /^ {200}|^[ \t]*(?:[-?][ \t]+){50}/m;

function isTooDeep(text: string): boolean {
  let depth = 0;
  for (const lexeme of new Lexer().lex(text)) {
    if (lexeme === "[" || lexeme === "{") depth += 1;
    else if (lexeme === "]" || lexeme === "}") depth -= 1;
    if (depth > maxFlowDepth) return true;
  }
  return deepBlock.test(text);
}

function describeMistake({ code, message }: YAMLError): string {
  if (code === "TAB_AS_INDENT") return "a tab cannot indent YAML; use spaces";
  if (code === "MULTIPLE_DOCS") return "a second document begins here; a file holds one";
  return `not readable as YAML: ${message}`;
}

function locate(document: Document.Parsed, path: Path, at: "key" | "value"): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [depth, segment] of path.entries()) {
    const parent = isAlias(node) ? node.resolve(document) : node;
    const isLast = depth === path.length - 1;
    if (isMap(parent)) {
      const pair = parent.items.findLast(({ key }) => keyText(key) === String(segment));
      if (!pair) return offset;
      const keyOffset = startOf(pair.key) ?? offset;
      const value = isLast && at === "value" ? startOf(pair.value) : undefined;
      offset = value ?? keyOffset;
      node = pair.value;
    } else if (isSeq(parent)) {
      node = parent.items[Number(segment)];
      if (node === undefined) return offset;
      offset = startOf(node) ?? offset;
    } else {
      return offset;
    }
  }
  return offset;
}

function scalarText({ value, texts }: ConvertedDocument, path: Path): string | undefined {
  let found = value;
  for (const segment of path) {
    if (Array.isArray(found)) found = found[Number(segment)];
    else found = isMapping(found) && Object.hasOwn(found, segment) ? found[segment] : undefined;
  }
  if (typeof found === "string") return found;
  return typeof found === "number" || typeof found === "boolean"
    ? (texts.get(textKey(path)) ?? String(found))
    : undefined;
}

/** Undefined for a value that is not written at all. */
function startOf(node: unknown): number | undefined {
  if (!isAlias(node) && !isMap(node) && !isSeq(node) && !isScalar(node)) return undefined;
  if (isScalar(node) && node.value === null && node.source === "") return undefined;
  return node.range?.[0];
}
