/** What ssh2 can verify; SHA-1 signatures (`ssh-rsa`) and DSA are not asked for. */
const supported = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
];

/** Which host keys to ask for: those by which the host is known come first. `configured` is ssh_config's HostKeyAlgorithms. */
export function planHostKeyAlgorithms(
  knownTypes: readonly string[],
  configured: readonly string[] | undefined,
): readonly string[] {
  const allowed = configured?.filter((algorithm) => supported.includes(algorithm)) ?? [];
  const candidates = allowed.length > 0 ? allowed : supported;
  const isKnown = (algorithm: string) => knownTypes.includes(algorithm.startsWith("rsa-sha2-") ? "ssh-rsa" : algorithm);
  return [...candidates.filter(isKnown), ...candidates.filter((algorithm) => !isKnown(algorithm))];
}
