/** What a person sees of a terminal's output; of control sequences only those that slipway and a tty send. */
export interface ScreenView {
  /** Those that have not moved out at its top, without blanks at their ends and empty lines at the bottom. */
  readonly lines: readonly string[];
  readonly cursorIsVisible: boolean;
}

export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

/** Output in the order in which it came, and the sizes that the terminal was given in between. */
export function viewScreen(output: readonly (string | TerminalSize)[]): ScreenView {
  let size: TerminalSize = { rows: 40, columns: 200 };
  let lines: string[] = [""];
  let [row, column, wraps, cursorIsVisible] = [0, 0, true, true];
  const top = () => Math.max(0, lines.length - size.rows);
  const put = (character: string) => {
    if (column >= size.columns) {
      if (wraps) [row, column] = [row + 1, 0];
      else column = size.columns - 1;
    }
    const line = (lines[row] ?? "").padEnd(column);
    lines[row] = line.slice(0, column) + character + line.slice(column + 1);
    column += 1;
  };
  for (const part of output) {
    if (typeof part !== "string") {
      // As terminals do that break long lines anew: the cursor stays behind the text before it.
      const broken = lines.map((line) => chunks(line.trimEnd(), part.columns));
      row = broken.slice(0, row).reduce((sum, pieces) => sum + pieces.length, 0);
      lines = broken.flat();
      size = part;
      continue;
    }
    // oxlint-disable-next-line no-control-regex
    for (const [token] of part.matchAll(/\u001b\[[?0-9;]*[A-Za-z]|[^]/g)) {
      // oxlint-disable-next-line no-control-regex
      const [, argument = "", kind] = /^\u001b\[([?0-9;]*)([A-Za-z])$/.exec(token) ?? [];
      if (kind === undefined) {
        if (token === "\r") column = 0;
        else if (token === "\n") {
          row += 1;
          lines[row] ??= "";
        } else put(token);
      } else if (kind === "A") row = Math.max(top(), row - Number(argument || 1));
      else if (kind === "K") lines[row] = (lines[row] ?? "").slice(0, column);
      else if (kind === "J") lines = [...lines.slice(0, row), (lines[row] ?? "").slice(0, column)];
      else if (argument === "?7") wraps = kind === "h";
      else if (argument === "?25") cursorIsVisible = kind === "h";
      else if (kind !== "m") throw new Error(`Unknown sequence ${JSON.stringify(token)}`);
    }
  }
  const seen = lines.slice(top()).map((line) => line.trimEnd());
  while (seen.at(-1) === "") seen.pop();
  return { lines: seen, cursorIsVisible };
}

function chunks(line: string, columns: number): readonly string[] {
  if (line === "") return [""];
  return Array.from({ length: Math.ceil(line.length / columns) }, (_, index) =>
    line.slice(index * columns, (index + 1) * columns),
  );
}
