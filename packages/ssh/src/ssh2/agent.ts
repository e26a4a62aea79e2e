import ssh2 from "ssh2";
import type { IdentityCallback, ParsedKey, SignCallback, SigningRequestOptions } from "ssh2";

/** The keys that the agent holds; none when there is no agent. */
export async function readAgentKeys(socket: string | undefined): Promise<readonly ParsedKey[]> {
  if (socket === undefined) return [];
  const agent = new ssh2.OpenSSHAgent(socket);
  return new Promise((resolve) => {
    agent.getIdentities((error, keys) => resolve(error ? [] : (keys ?? []).filter(isParsedKey)));
  });
}

function isParsedKey(key: unknown): key is ParsedKey {
  return typeof key === "object" && key !== null && "getPublicSSH" in key;
}

/** The agent with some of its keys: a server counts each key that is offered, and gives up after a few. */
export class FilteredAgent extends ssh2.BaseAgent<ParsedKey> {
  readonly #agent: ssh2.OpenSSHAgent;
  readonly #keys: readonly ParsedKey[];

  constructor(socket: string, keys: readonly ParsedKey[]) {
    super();
    this.#agent = new ssh2.OpenSSHAgent(socket);
    this.#keys = keys;
  }

  override getIdentities(callback: IdentityCallback<ParsedKey>): void {
    callback(undefined, [...this.#keys]);
  }

  override sign(key: ParsedKey, bytes: Buffer, options: SigningRequestOptions | SignCallback, callback?: SignCallback) {
    if (typeof options === "function") this.#agent.sign(key, bytes, {}, options);
    else this.#agent.sign(key, bytes, options, callback);
  }
}
