/** Why ssh2 cannot read a private key, from its file's text; undefined when it can. Source: PROTOCOL.key of OpenSSH. */
export function whyUnreadable(text: string): string | undefined {
  if (/-----BEGIN (?:ENCRYPTED )?PRIVATE KEY-----/.test(text)) return "its format is PKCS#8";
  const encoded = /-----BEGIN OPENSSH PRIVATE KEY-----([^-]*)/.exec(text)?.[1];
  if (encoded === undefined) return undefined;
  const fields = Buffer.from(encoded, "base64").subarray("openssh-key-v1\0".length);
  const [cipher, rest] = readString(fields);
  if (cipher?.toString().startsWith("chacha20-poly1305") === true) return "it is encrypted with chacha20-poly1305";
  const [, afterKdf] = readString(rest);
  const [, afterOptions] = readString(afterKdf);
  const [publicKey] = readString(afterOptions?.subarray(4));
  const [type] = readString(publicKey);
  return type?.toString().startsWith("sk-") === true ? "it is on a security key" : undefined;
}

/** One string of the SSH protocol and what follows it (RFC 4251, 5). */
function readString(bytes: Buffer | undefined): readonly [Buffer?, Buffer?] {
  if (!bytes || bytes.length < 4) return [];
  const end = 4 + bytes.readUInt32BE(0);
  return [bytes.subarray(4, end), bytes.subarray(end)];
}
