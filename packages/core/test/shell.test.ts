import { execFileSync } from "node:child_process";

import fc from "fast-check";
import { expect, test } from "vitest";

import { quoteCommand, quoteShell } from "../src/index.ts";

test("plain words stay as they are and everything else is in single quotes", () => {
  expect(quoteCommand(["python", "train.py", "--lr=0.1", "a b", "it's", ""])).toBe(
    `python train.py --lr=0.1 'a b' 'it'\\''s' ''`,
  );
});

test("a POSIX shell reads back exactly the arguments that were quoted", () => {
  const argument = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.string({
      unit: fc.constantFrom(
        "'",
        '"',
        "\\",
        "$",
        "`",
        "(",
        ")",
        "\n",
        "\r",
        "\r\n",
        "!",
        "*",
        "~",
        "=",
        "#",
        " ",
        "-",
        "\t",
        ";",
      ),
    }),
  );
  const argumentLists = fc.array(
    argument.map((text) => text.replaceAll("\0", "")),
    { minLength: 20, maxLength: 60 },
  );
  fc.assert(
    fc.property(argumentLists, (argv) => {
      const output = execFileSync("sh", ["-c", `printf '%s\\0' ${quoteCommand(argv)}`]);
      expect(output.toString()).toBe(argv.map((argument_) => `${argument_}\0`).join(""));
    }),
    { numRuns: 60 },
  );
});

test("an assignment-like or option-like word is still one argument", () => {
  expect(quoteShell("A=1")).toBe("'A=1'");
  expect(quoteShell("--x")).toBe("--x");
  expect(quoteShell("~root")).toBe("'~root'");
});

test("lines that end as in DOS files keep their ends, and none of these stands in the text, which sbatch would refuse", () => {
  expect(quoteShell("a\r\nb\r\r\n")).toBe("'a\r''\nb\r\r''\n'");
});

test("a NUL character is refused", () => {
  expect(() => quoteShell("a\0b")).toThrow(RangeError);
});
