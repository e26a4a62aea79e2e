// oxlint-disable-next-line no-control-regex
const controlCharacters = /\u001b\[[0-?]*[ -/]*[@-~]|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
const urlCredentials = /\b([a-z][a-z0-9+.-]*:\/\/)[^/\s@]+@/gi;

/** Text from a file, a program or another host, made safe for a terminal: no control characters (newline and tab stay), no escape sequences. */
export function stripControlCharacters(text: string): string {
  return text.replace(controlCharacters, "");
}

/** `https://user:token@host/x` → `https://host/x`, wherever it stands in the text. */
export function stripUrlCredentials(text: string): string {
  return text.replace(urlCredentials, "$1");
}

/** The candidate nearest to a misspelt word (at most a third of its letters wrong, or one of two or three; two swapped count as one), or undefined. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  const farthest = Math.max(Math.min(1, word.length - 1), Math.floor(word.length / 3));
  let bestDistance = farthest + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Optimal string alignment distance. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const cost = a[row - 1] === b[column - 1] ? 0 : 1;
      let distance = Math.min((current[column - 1] ?? 0) + 1, (last[column] ?? 0) + 1, (last[column - 1] ?? 0) + cost);
      const isSwap = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (isSwap) distance = Math.min(distance, (beforeLast[column - 2] ?? 0) + 1);
      current.push(distance);
    }
    [beforeLast, last] = [last, current];
  }
  return last[b.length] ?? 0;
}
