import { createHash } from "node:crypto";

export interface TokenFacts {
  readonly alias: string;
  readonly hostName: string;
  readonly port: number;
  readonly user: string;
  readonly hostKeyName: string;
  readonly proxyJump: string;
  readonly home: string;
  readonly localUser: string;
  readonly localHostName: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** `~` at the beginning, `${NAME}` and `%` tokens. Source: ssh_config(5), TOKENS and ENVIRONMENT VARIABLES. */
export function expandTokens(text: string, facts: TokenFacts): string {
  const { home, env } = facts;
  const inHome = text === "~" || text.startsWith("~/") ? `${home}${text.slice(1)}` : text;
  return inHome
    .replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (whole, name: string) => env[name] ?? whole)
    .replace(/%(.)/gs, (whole, letter: string) => tokenOf(letter, facts) ?? whole);
}

function tokenOf(letter: string, facts: TokenFacts): string | undefined {
  const { alias, hostName, port, user, hostKeyName, proxyJump, home, localUser, localHostName } = facts;
  switch (letter) {
    case "%":
      return "%";
    case "C":
      return createHash("sha1").update(`${localHostName}${hostName}${port}${user}${proxyJump}`).digest("hex");
    case "d":
      return home;
    case "h":
      return hostName;
    case "j":
      return proxyJump;
    case "k":
      return hostKeyName;
    case "L":
      return localHostName.split(".")[0];
    case "l":
      return localHostName;
    case "n":
      return alias;
    case "p":
      return String(port);
    case "r":
      return user;
    case "u":
      return localUser;
    default:
      return undefined;
  }
}
