import { isUtf8 } from "node:buffer";
import { readFile } from "node:fs/promises";

import { ConfigError } from "./error.ts";

/** A file's text; undefined when there is no such file. Throws CONFIG_UNREADABLE. */
export async function readText(file: string, signal: AbortSignal | undefined): Promise<string | undefined> {
  signal?.throwIfAborted();
  let bytes: Buffer;
  try {
    bytes = await readFile(file, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    const reason = code === "EISDIR" ? "it is a directory" : String(code ?? error);
    throw new ConfigError("CONFIG_UNREADABLE", `Cannot read ${file}: ${reason}`, { cause: error });
  }
  if (isUtf8(bytes)) return bytes.toString("utf8");
  throw new ConfigError("CONFIG_UNREADABLE", `Cannot read ${file}: it is not UTF-8 text`, {
    hint: "Save it as UTF-8.",
  });
}
