/** Strings that mean something to a shell, to sbatch, to a terminal or to slipway's own files. The same seed gives the same. */
export interface NastyStrings {
  /** Any text that a process can be given; `""` among them. */
  text(): string;
  /** A path of one to three names, none of which any file system or git refuses. */
  path(): string;
  /** 0 ≤ n < below. */
  below(limit: number): number;
}

/** `trap` is shell text that leaves a trace when it is executed. */
export function nastyStrings(seed: number, trap: string): NastyStrings {
  const below = numbersFrom(seed);
  const pick = (words: readonly string[]): string => words[below(words.length)] ?? "";
  const join = (words: readonly string[], most: number) =>
    Array.from({ length: 1 + below(most) }, () => pick(words)).join("");
  const words = [...meanings, ...trapsOf(trap), ...trapsOf(trap)];
  const nameWords = [...meanings, ...trapsOf("touch executed")].map((word) => word.replaceAll("/", "÷"));
  return {
    below,
    text() {
      const kind = below(40);
      if (kind === 0) return "";
      if (kind === 1) return pick(words).repeat(1 + below(500));
      return join(words, 8);
    },
    path() {
      const names = Array.from({ length: 1 + below(3) }, () => {
        const name = Array.from(join(nameWords, 5)).slice(0, 40).join("");
        return /^\.{0,2}$|^\.git/i.test(name) ? `x${name}` : name;
      });
      return names.join("/");
    },
  };
}

function trapsOf(trap: string): readonly string[] {
  return [
    `$(${trap})`,
    `\`${trap}\``,
    `;${trap};`,
    `\n${trap}\n`,
    `' ;${trap} #`,
    `" ;${trap} #`,
    `&& ${trap} &&`,
    `|${trap}`,
  ];
}

const meanings = [
  "abz09_.-+=:,@/~ \t\n\r\\'\"`$#%!?*[]{}()<>|&;^".split(""),
  "\u0001\u0007\b\u000b\u001b\u001f\u007f".split(""),
  ["é", "e\u0301", "ß", "日本", "🙂", "👩‍🚀", "\u00a0", "\u2028", "\u202e", "\ufeff", "\u{10ffff}"],
  "$HOME ${IFS} $$ $0 $@ $( ${ $'\\n' \\0101 \\x41 \\u0041 \\\\ '' \"$\" #!/bin/false hetjob".split(" "),
  "%j %% %s%n {a} {{b}} {1..3} ~root !! !x a=b -n -- --help -rf EOF end=1 * ? [a-z]".split(" "),
  ["\\\n", "#SBATCH --hold", "\nEOF\n", "\nJOBS\n", "version=1\n", "\nexit 0\n", "\u001b[31m", "\u001b]0;x\u0007"],
  "true|null|yes|0x1f|1e3|- a|a: b|&a|*a|>-\n|---".split("|"),
].flat();

/** mulberry32, of the public domain. */
function numbersFrom(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}
