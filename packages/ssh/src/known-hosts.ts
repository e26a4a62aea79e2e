import { createHmac, randomBytes } from "node:crypto";

/** One line of a known_hosts file. */
export interface KnownHost {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly marker?: "revoked" | "cert-authority";
  /** Comma-separated patterns, or one hashed name. */
  readonly hosts: string;
  /** `ssh-ed25519`, … as it stands inside the key. */
  readonly keyType: string;
  /** The public key as it travels (RFC 4253, 6.6). */
  readonly key: Uint8Array;
}

/** Lines that are no entries are skipped, as ssh does. Source of the form: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT. */
export function parseKnownHosts(text: string, file: string): readonly KnownHost[] {
  return text.split("\n").flatMap((line, index) => parseLine(line.trim(), file, index + 1) ?? []);
}

function parseLine(text: string, file: string, line: number): KnownHost | undefined {
  if (text === "" || text.startsWith("#")) return undefined;
  const fields = text.split(/[ \t]+/);
  const markerText = fields[0]?.startsWith("@") ? fields.shift() : undefined;
  const [hosts, keyType, encoded] = fields;
  if (hosts === undefined || keyType === undefined || encoded === undefined) return undefined;
  const key = Buffer.from(encoded, "base64");
  if (keyTypeOf(key) !== keyType) return undefined;
  if (markerText === undefined) return { file, line, hosts, keyType, key };
  const marker = markers.get(markerText);
  return marker && { file, line, marker, hosts, keyType, key };
}

const markers: ReadonlyMap<string, NonNullable<KnownHost["marker"]>> = new Map([
  ["@revoked", "revoked"],
  ["@cert-authority", "cert-authority"],
]);

/** The type that a public key names itself, or undefined when it is none. */
export function keyTypeOf(key: Uint8Array): string | undefined {
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.byteLength);
  if (bytes.length < 4) return undefined;
  const end = 4 + bytes.readUInt32BE(0);
  return end > 4 && end <= bytes.length ? bytes.toString("latin1", 4, end) : undefined;
}

/** The name a host has in known_hosts: `login.example.org`, and `[login.example.org]:2222` on another port than 22. */
export function knownHostName(host: string, port: number): string {
  return (port === 22 ? host : `[${host}]:${port}`).toLowerCase();
}

/** Whether an entry is about this name (see `knownHostName`). */
export function isAboutHost({ hosts }: KnownHost, name: string): boolean {
  return hosts.startsWith("|") ? isHashOf(hosts, name) : matchesPatterns(hosts, name);
}

function isHashOf(hashed: string, name: string): boolean {
  const [, version, salt, hash] = hashed.split("|");
  if (version !== "1" || salt === undefined || hash === undefined) return false;
  const expected = createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest();
  return expected.equals(Buffer.from(hash, "base64"));
}

/** A name as HashKnownHosts writes it. */
export function hashHostName(name: string): string {
  const salt = randomBytes(20);
  return `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(name).digest("base64")}`;
}

/** Patterns with `*`, `?` and `!`, separated by commas; one that is negated and matches wins. Source: ssh_config(5), PATTERNS. */
export function matchesPatterns(patterns: string, name: string): boolean {
  let isMatch = false;
  for (const item of patterns.toLowerCase().split(",")) {
    const isNegated = item.startsWith("!");
    if (!patternOf(isNegated ? item.slice(1) : item).test(name)) continue;
    if (isNegated) return false;
    isMatch = true;
  }
  return isMatch;
}

function patternOf(glob: string): RegExp {
  const source = glob.replace(/[\\^$.*+?()[\]{}|]/g, (character) => {
    if (character === "*") return ".*";
    return character === "?" ? "." : `\\${character}`;
  });
  return new RegExp(`^${source}$`, "s");
}
