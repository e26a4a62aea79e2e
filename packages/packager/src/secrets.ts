import { globText } from "./globs.ts";

/** Something in a file that looks like a secret. The secret itself is never told. */
export interface FoundSecret {
  /** From 1; absent where the file's name says it. */
  readonly line?: number;
  readonly kind: string;
}

const token = "[A-Za-z0-9_-]";

/** What the issuers say their tokens look like, each with the words that it is told by. */
const patterns: readonly (readonly [kind: string, pattern: RegExp])[] = [
  [
    "a private key",
    /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----\r?\n(?:[A-Za-z-]+: .*\r?\n|\r?\n)*[A-Za-z0-9+/=]{40}/,
  ],
  ["an AWS access key", /\b(?:AKIA|ASIA)[A-Z2-7]{16}\b/],
  ["a GitHub token", /\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60,})/],
  ["a GitLab token", new RegExp(`\\bglpat-${token}{20}`)],
  ["a Hugging Face token", /\bhf_[A-Za-z]{34}\b/],
  ["an npm token", /\bnpm_[A-Za-z0-9]{36}\b/],
  [
    "an OpenAI or Anthropic key",
    new RegExp(`\\bsk-(?:(?:proj|svcacct|admin|ant-[a-z0-9]+)-${token}{40,}|[A-Za-z0-9]{48}\\b)`),
  ],
  ["a Slack token", /\bxox[abprs]-[A-Za-z0-9-]{20,}/],
  ["an NVIDIA key", new RegExp(`\\bnvapi-${token}{40,}`)],
  ["a Google key", new RegExp(`\\bAIza${token}{35}`)],
];

/** Looks for private keys and the tokens of well-known issuers. Content that is not text is not looked into. */
export function findSecrets(content: Buffer): readonly FoundSecret[] {
  if (!mayHaveToken(content) && !content.includes(privateKey)) return [];
  if (content.subarray(0, 8000).includes(0)) return [];
  const text = content.toString("latin1");
  return patterns.flatMap(([kind, pattern]) => {
    const at = pattern.exec(text)?.index;
    return at === undefined ? [] : [{ kind, line: text.slice(0, at).split("\n").length }];
  });
}

const privateKey = Buffer.from("PRIVATE KEY");

/** The shortest token that a pattern matches; all of them are of `tokenBytes` only. */
const shortestToken = 20;
const tokenBytes = new Uint8Array(256);
for (const byte of Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"))
  tokenBytes[byte] = 1;

const tokenStart = /A(?:KIA|SIA|Iza)|gh[pousr]_|github_pat_|glpat-|hf_|npm_|sk-|xox[abprs]-|nvapi-/;

/**
 * One look that tells nearly all content to have no token. A run of 20 of a token's bytes has four whole words of four bytes in it,
 * wherever it begins; two of them are at even places, with one between. So every other word is looked at, and few others.
 */
function mayHaveToken(content: Buffer): boolean {
  const { buffer, byteOffset, length } = content;
  const before = (wordBytes - (byteOffset % wordBytes)) % wordBytes;
  if (length < before + wordBytes) return false;
  const words = new Int32Array(buffer, byteOffset + before, Math.floor((length - before) / wordBytes));
  const count = words.length;
  let separatorsBefore = 1;
  for (let word = 0; word < count; word += 2) {
    const separators = findSeparators(words[word] ?? 0);
    if ((separatorsBefore | separators) !== 0 || findSeparators(words[word - 1] ?? 0) !== 0) {
      separatorsBefore = separators;
      continue;
    }
    const { start, end } = runAround(content, before + word * wordBytes);
    if (end - start >= shortestToken && mayStartToken(content, start, end)) return true;
    word = Math.floor((end - before) / wordBytes / 2) * 2; // This one has what ended the run, or is before the one that has.
    separatorsBefore = 1;
  }
  return false;
}

const wordBytes = 4;

/**
 * Not 0 where one of a word's four bytes is below `-`, as most of what separates words is, or no ASCII. No token has such a byte.
 * Without one no subtraction borrows from the next byte, and none leaves one of 0x80 or more.
 */
function findSeparators(word: number): number {
  return (((word - 0x2d2d2d2d) & ~word) | word) & 0x80808080;
}

/** From where to where there are a token's bytes around a place, if any. */
function runAround(content: Buffer, at: number): { readonly start: number; readonly end: number } {
  let start = at;
  while (start > 0 && tokenBytes[content[start - 1] ?? 0] === 1) start--;
  let end = at;
  while (end < content.length && tokenBytes[content[end] ?? 0] === 1) end++;
  return { start, end };
}

const [letterA, underscore, hyphen] = [0x41, 0x5f, 0x2d];

/** All that a token begins with has one of three bytes in it, which most runs have not. */
function mayStartToken(content: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = content[at];
    if (byte !== letterA && byte !== underscore && byte !== hyphen) continue;
    return tokenStart.test(content.toString("latin1", start, end));
  }
  return false;
}

const secretName =
  /(?:^|\/)(?:\.env(?:\.(?!(?:example|sample|template|dist|defaults?)$)[^/]*)?|id_(?:rsa|dsa|ecdsa|ed25519)|[._]netrc|\.pgpass|\.git-credentials|\.aws\/credentials)$/;

// oxlint-disable-next-line no-control-regex
const secretNameHint = /(?:^|[/\u0000])(?:\.env|id_[rde]|[._]netrc|\.pgpass|\.git-credentials|\.aws\/credentials)/;

/** One look at all paths, one character a byte, with a zero byte between two: false where none of them can be such a name. */
export function mayHaveSecretName(paths: string): boolean {
  return secretNameHint.test(paths);
}

/** Whether a file's name says that it holds secrets. */
export function findSecretName(path: Uint8Array): FoundSecret | undefined {
  return secretName.test(globText(path)) ? { kind: "a file that is made to hold secrets" } : undefined;
}
