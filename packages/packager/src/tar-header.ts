import { isUtf8 } from "node:buffer";

export interface HeaderFields {
  readonly path: Uint8Array;
  readonly mode: number;
  /** Bytes. */
  readonly size: number;
  /** Makes it a symbolic link. */
  readonly target?: Uint8Array;
}

/** Imported when the first tar is made: listing and hashing do without. */
export async function loadHeaderEncoder(): Promise<(fields: HeaderFields) => Uint8Array> {
  const [{ Header }, { Pax }] = await Promise.all([import("tar/header"), import("tar/pax")]);
  const epoch = new Date(0);

  return function encodeHeader({ path, mode, size, target }) {
    const header = new Header({
      path: headerText(path),
      ...(target !== undefined && { linkpath: headerText(target) }),
      mode,
      size,
      uid: 0,
      gid: 0,
      mtime: epoch,
      type: target === undefined ? "File" : "SymbolicLink",
    });
    const block = Buffer.alloc(512);
    const needsPax = header.encode(block) || !isUtf8(path) || (target !== undefined && !isUtf8(target));
    if (!needsPax) return block;
    return Buffer.concat([encodePax({ path, size, target }), block]);
  };

  /** node-tar knows names as text only: it encodes stand-ins of the same length, and the bytes then take their place. */
  function encodePax({
    path,
    size,
    target,
  }: {
    path: Uint8Array;
    size: number;
    target: Uint8Array | undefined;
  }): Buffer {
    const standIns = {
      path: "x".repeat(path.length),
      ...(target !== undefined && { linkpath: "x".repeat(target.length) }),
      ...(size > maxOctalSize && { size }),
    };
    const pax = new Pax(standIns).encode();
    pax.set(path, pax.indexOf(" path=", 512) + " path=".length);
    // From behind: the path that is in place by now may hold the same text.
    if (target !== undefined)
      pax.set(target, 512 + new Pax(standIns).encodeBody().indexOf(" linkpath=") + " linkpath=".length);
    return pax;
  }
}

/** The largest size of eleven octal digits (POSIX.1-2017, pax, "ustar Interchange Format"). */
const maxOctalSize = 0o77777777777;

/** What a reader without pax would show; one character for each byte where the name is not UTF-8. */
function headerText(bytes: Uint8Array): string {
  if (isUtf8(bytes)) return Buffer.from(bytes).toString("utf8");
  return Buffer.from(bytes)
    .toString("latin1")
    .replaceAll(/[\u0080-\u00ff]/g, "_");
}
