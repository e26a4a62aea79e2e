import { expect, test } from "vitest";

import { orderByNeeds } from "../src/index.ts";

const read = ([name = "", ...needs]: readonly string[]) => ({ name, needs });

test("what is needed comes first, and else the order stays", () => {
  const items = [["d", "b", "c"], ["c", "a"], ["b", "a"], ["a"], ["e"]];
  expect(orderByNeeds(items, read).ordered.map(([name]) => name)).toEqual(["a", "b", "c", "d", "e"]);
});

test("a cycle is told from its first item round to it again", () => {
  const { cycle } = orderByNeeds(
    [
      ["x", "a"],
      ["a", "b"],
      ["b", "c"],
      ["c", "a"],
    ],
    read,
  );
  expect(cycle?.map(([name]) => name)).toEqual(["a", "b", "c", "a"]);
});

test("an item that needs itself is a cycle", () => {
  expect(orderByNeeds([["a", "a"]], read).cycle?.map(([name]) => name)).toEqual(["a", "a"]);
});

test("what is needed from outside is told with who needs it", () => {
  const item = ["a", "elsewhere"];
  expect(orderByNeeds([item], read)).toEqual({ ordered: [item], outside: [{ item, name: "elsewhere" }] });
});

test("a chain of 100,000 items is ordered", () => {
  const items = Array.from({ length: 100_000 }, (_, index) => [
    String(index),
    ...(index > 0 ? [String(index - 1)] : []),
  ]);
  expect(orderByNeeds(items.toReversed(), read).ordered).toEqual(items);
});
