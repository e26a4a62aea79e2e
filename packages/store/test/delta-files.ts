import type { StoreEvent } from "../src/index.ts";
import type { BundledFile } from "./bundle.ts";

export const big = "b".repeat(40_000);
export const files: readonly BundledFile[] = [
  { path: "train.py", content: "print('hello')\n" },
  { path: "lib/big.py", content: big },
  { path: "lib/run", content: "#!/bin/sh\n", executable: true },
  { path: "lib/latest", target: "big.py" },
  { path: "old/notes", content: "notes\n" },
];
export const edited = files.map((file) => (file.path === "train.py" ? { ...file, content: "print('bye')\n" } : file));

/** So many that the changes of the manifest are sent, and not the manifest. */
export const more: readonly BundledFile[] = Array.from({ length: 30 }, (_, index) => ({
  path: `more/${index}`,
  content: "m",
}));

/** What `treeOf` says of the files of a bundle, without directories. */
export function filesIn(tree: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(tree).filter(([name]) => !name.endsWith("/")));
}

export function expected(bundled: readonly BundledFile[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    bundled.map(({ path: name, content = "", executable, target }) => [
      Buffer.from(name).toString("latin1"),
      target === undefined
        ? `${executable ? 555 : 444} ${Buffer.from(content).toString("latin1")}`
        : `-> ${Buffer.from(target).toString("latin1")}`,
    ]),
  );
}

export const uploads = (events: readonly StoreEvent[]) => events.filter((event) => event.type === "store.uploading");
