import { quoteShell } from "@slipway/core";
import type { ArrayElement, Command } from "@slipway/core";

/** One value for each key of a matrix. */
export type MatrixValues = Readonly<Record<string, string>>;

/** Every combination of the values, the last key's changing fastest. */
export function matrixProduct(matrix: ReadonlyMap<string, readonly string[]>): readonly MatrixValues[] {
  let product: readonly MatrixValues[] = [{}];
  for (const [key, values] of matrix) {
    product = product.flatMap((earlier) => values.map((value) => ({ ...earlier, [key]: value })));
  }
  return product;
}

/** `{{name}}` stands for `{name}` itself; `${name}` is the shell's. Other braces are no placeholders. */
const placeholderPattern = /\{\{([A-Za-z_][A-Za-z0-9_]*)\}\}|(\$?)\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** The names that a text has placeholders for. */
export function placeholders(text: string): readonly string[] {
  return [...text.matchAll(placeholderPattern)].flatMap(([, , dollar, name]) =>
    name === undefined || dollar === "$" ? [] : [name],
  );
}

/** The text with a combination's values in its placeholders. */
export function fillPlaceholders(text: string, values: MatrixValues): string {
  return text.replaceAll(placeholderPattern, (all: string, escaped?: string, dollar?: string, name = "") => {
    if (escaped !== undefined) return `{${escaped}}`;
    return dollar === "$" ? all : (values[name] ?? all);
  });
}

/** An array's element: the command with its values, and with the variables that they change. */
export function matrixElement(
  command: Command,
  env: Readonly<Record<string, string>>,
  values: MatrixValues,
): ArrayElement {
  const own = Object.entries(env).filter(([, text]) => placeholders(text).length > 0 || text.includes("{{"));
  return { command: fillCommand(command, own, values), values };
}

type Variables = readonly (readonly [name: string, text: string])[];

function fillCommand(command: Command, variables: Variables, values: MatrixValues): Command {
  const filled = variables.map(([name, text]) => [name, fillPlaceholders(text, values)] as const);
  if (command.kind === "shell") {
    const exports = filled.map(([name, value]) => `export ${name}=${quoteShell(value)}`);
    return { kind: "shell", lines: [...exports, ...command.lines.map((line) => fillPlaceholders(line, values))] };
  }
  const argv = command.argv.map((word) => fillPlaceholders(word, values));
  const setting = filled.length === 0 ? [] : ["env", ...filled.map(([name, value]) => `${name}=${value}`)];
  return { kind: "argv", argv: [...setting, ...argv] };
}
