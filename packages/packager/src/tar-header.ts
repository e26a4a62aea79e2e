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
  const owner = { uid: 0, gid: 0, mtime: new Date(0) };

  return function encodeHeader(fields) {
    const { path, mode, size, target } = fields;
    const header = new Header({
      path: headerText(path),
      ...(target !== undefined && { linkpath: headerText(target) }),
      ...owner,
      mode,
      size,
      type: target === undefined ? "File" : "SymbolicLink",
    });
    const block = Buffer.alloc(512);
    const needsPax = header.encode(block) || !isText(fields);
    return needsPax ? Buffer.concat([encodePax(fields), block]) : block;
  };

  /** node-tar knows names as text only: it encodes stand-ins of the same length, and the bytes then take their place. */
  function encodePax({ path, size, target }: HeaderFields): Buffer {
    const standIns = new Pax({
      path: "x".repeat(path.length),
      ...(target !== undefined && { linkpath: "x".repeat(target.length) }),
      ...(size > maxOctalSize && { size }),
    }).encodeBody();
    const records = Buffer.from(standIns);
    records.set(path, standIns.indexOf(" path=") + " path=".length);
    if (target !== undefined) records.set(target, standIns.indexOf(" linkpath=") + " linkpath=".length);
    const body = isText({ path, target }) ? records : Buffer.concat([binaryNames, records]);
    const header = new Header({ path: "PaxHeader", mode: 0o644, size: body.length, type: "ExtendedHeader", ...owner });
    const block = Buffer.alloc(512 + Math.ceil(body.length / 512) * 512);
    header.encode(block);
    block.set(body, 512);
    return block;
  }
}

/** Says that names are bytes and not UTF-8 (POSIX.1-2017, pax, "hdrcharset"): libarchive refuses them otherwise. */
const binaryNames = Buffer.from("21 hdrcharset=BINARY\n");

function isText({ path, target }: { readonly path: Uint8Array; readonly target?: Uint8Array | undefined }): boolean {
  return isUtf8(path) && (target === undefined || isUtf8(target));
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
