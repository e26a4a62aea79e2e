export interface Ordered<Item> {
  /** Each item after those that it needs, and else as they were given; without those of the cycle, and what needs them, where there is one. */
  readonly ordered: readonly Item[];
  /** Items that need each other, the first one again at the end. */
  readonly cycle?: readonly Item[];
  /** Names that are needed and not among the items, with the item that needs them. */
  readonly outside: readonly { readonly item: Item; readonly name: string }[];
}

export interface NamedNeeds {
  readonly name: string;
  readonly needs: readonly string[];
}

/** Puts items into an order in which each comes after what it needs. Names are unique. */
export function orderByNeeds<Item>(items: readonly Item[], read: (item: Item) => NamedNeeds): Ordered<Item> {
  const named = items.map((item) => ({ item, ...read(item) }));
  const byName = new Map(named.map((each) => [each.name, each]));
  const outside = named.flatMap(({ item, needs }) =>
    needs.filter((name) => !byName.has(name)).map((name) => ({ item, name })),
  );
  const done = new Set<string>();
  const ordered: Item[] = [];
  for (const start of named) {
    const stack = [{ each: start, next: 0 }];
    const path = new Set([start.name]);
    while (stack.length > 0) {
      const top = stack.at(-1);
      if (!top || done.has(top.each.name)) {
        stack.pop();
        continue;
      }
      const needed = byName.get(top.each.needs[top.next] ?? "");
      if (top.next === top.each.needs.length) {
        done.add(top.each.name);
        ordered.push(top.each.item);
        path.delete(top.each.name);
        stack.pop();
        continue;
      }
      top.next += 1;
      if (!needed || done.has(needed.name)) continue;
      if (path.has(needed.name)) {
        const onPath = stack.map(({ each }) => each);
        const from = onPath.findIndex(({ name }) => name === needed.name);
        return { ordered, cycle: [...onPath.slice(from), needed].map(({ item }) => item), outside };
      }
      path.add(needed.name);
      stack.push({ each: needed, next: 0 });
    }
  }
  return { ordered, outside };
}
