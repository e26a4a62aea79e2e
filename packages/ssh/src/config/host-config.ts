import { expandTokens } from "./tokens.ts";
import type { TokenFacts } from "./tokens.ts";

/** The values of each keyword in lower case, in their order; a list's items are apart. */
export type ConfigValues = ReadonlyMap<string, readonly string[]>;

/** What ssh_config says of one host, with defaults, `~` and `%` put in. Files need not exist. */
export interface HostConfig {
  /** As it was asked for. */
  readonly alias: string;
  readonly hostName: string;
  readonly port: number;
  readonly user: string;
  /** The name that known_hosts is asked for. */
  readonly hostKeyName: string;
  readonly identityFiles: readonly string[];
  readonly certificateFiles: readonly string[];
  /** Use no other key than those of the files, even if the agent has more. */
  readonly identitiesOnly: boolean;
  /** The agent's socket. */
  readonly agentSocket?: string;
  /** Hosts to go over, nearest first, as ssh_config writes them. */
  readonly proxyJump: readonly string[];
  /** A line for `/bin/sh`, whose input and output are the connection. */
  readonly proxyCommand?: string;
  /** The first takes new keys. */
  readonly knownHostsFiles: readonly string[];
  readonly hashKnownHosts: boolean;
  /** Whether ssh_config asks to trust hosts that are not known yet. */
  readonly acceptNew: boolean;
  /** Best first; undefined when unknown. */
  readonly hostKeyAlgorithms?: readonly string[];
  readonly connectTimeoutMs?: number;
  readonly serverAliveIntervalMs?: number;
  readonly serverAliveCountMax?: number;
  /** The user's own shared connection. */
  readonly controlPath?: string;
  readonly usesKnownHostsCommand: boolean;
  readonly usesPkcs11: boolean;
  readonly allowsGssapi: boolean;
  readonly allowsPublicKey: boolean;
  readonly allowsPassword: boolean;
  readonly allowsKeyboardInteractive: boolean;
}

export interface HostConfigFacts {
  readonly alias: string;
  readonly user?: string | undefined;
  readonly port?: number | undefined;
  readonly identityFile?: string | undefined;
  readonly home: string;
  readonly localUser: string;
  readonly localHostName: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const defaultKeyNames = ["id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk"];

/** Source of the defaults and of which keyword takes which token: ssh_config(5). */
export function toHostConfig(values: ConfigValues, facts: HostConfigFacts): HostConfig {
  const one = (keyword: string) => valueOf(values.get(keyword)?.[0]);
  const isOn = (keyword: string, byDefault: boolean) => yesNo(one(keyword), byDefault);
  const { alias, home, env } = facts;
  const hostName = (one("hostname") ?? alias).replaceAll("%h", alias).replaceAll("%%", "%");
  const port = facts.port ?? Number(one("port") ?? 22);
  const user = facts.user ?? one("user") ?? facts.localUser;
  const hostKeyName = (one("hostkeyalias") ?? hostName).toLowerCase();
  const proxyJump = one("proxyjump")?.split(",") ?? [];
  const tokens: TokenFacts = { ...facts, hostName, port, user, hostKeyName, proxyJump: proxyJump.join(",") };
  const path = (text: string) => expandTokens(text, tokens);
  const paths = (keyword: string) => (values.get(keyword) ?? []).flatMap((text) => valueOf(text) ?? []).map(path);
  const configured = paths("identityfile");
  const identityFiles = configured.length > 0 ? configured : defaultKeyNames.map((name) => `${home}/.ssh/${name}`);
  const agentSocket = agentOf(one("identityagent"), values.get("identityagent")?.[0], env, path);
  const proxyCommand = proxyJump.length > 0 ? undefined : one("proxycommand");
  const controlPath = one("controlpath");
  const userFiles = values.get("userknownhostsfile") ?? [`${home}/.ssh/known_hosts`, `${home}/.ssh/known_hosts2`];
  const globalFiles = values.get("globalknownhostsfile") ?? ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"];
  const timeout = Number(one("connecttimeout"));
  const interval = Number(one("serveraliveinterval"));
  const countMax = Number(one("serveralivecountmax"));
  const algorithms = one("hostkeyalgorithms")?.split(",");
  return {
    alias,
    hostName,
    port,
    user,
    hostKeyName,
    identityFiles: [
      ...new Set([...(facts.identityFile === undefined ? [] : [path(facts.identityFile)]), ...identityFiles]),
    ],
    certificateFiles: paths("certificatefile"),
    identitiesOnly: isOn("identitiesonly", false),
    ...(agentSocket !== undefined && { agentSocket }),
    proxyJump,
    ...(proxyCommand !== undefined && { proxyCommand: expandTokens(proxyCommand, tokens) }),
    knownHostsFiles: [...userFiles, ...globalFiles].filter((file) => file !== "none").map(path),
    hashKnownHosts: isOn("hashknownhosts", false),
    acceptNew: ["accept-new", "no", "off", "false"].includes(one("stricthostkeychecking") ?? "ask"),
    ...(algorithms && { hostKeyAlgorithms: algorithms }),
    ...(timeout > 0 && { connectTimeoutMs: timeout * 1_000 }),
    ...(interval > 0 && { serverAliveIntervalMs: interval * 1_000 }),
    ...(countMax > 0 && { serverAliveCountMax: countMax }),
    ...(controlPath !== undefined && { controlPath: path(controlPath) }),
    usesKnownHostsCommand: one("knownhostscommand") !== undefined,
    usesPkcs11: one("pkcs11provider") !== undefined,
    allowsGssapi: isOn("gssapiauthentication", false),
    allowsPublicKey: one("pubkeyauthentication") !== "no" && one("pubkeyauthentication") !== "false",
    allowsPassword: isOn("passwordauthentication", true),
    allowsKeyboardInteractive: isOn("kbdinteractiveauthentication", true),
  };
}

function valueOf(text: string | undefined): string | undefined {
  return text === undefined || text === "" || text.toLowerCase() === "none" ? undefined : text;
}

function yesNo(text: string | undefined, byDefault: boolean): boolean {
  return text === undefined ? byDefault : ["yes", "true"].includes(text.toLowerCase());
}

function agentOf(
  value: string | undefined,
  written: string | undefined,
  env: HostConfigFacts["env"],
  path: (text: string) => string,
): string | undefined {
  if (value === undefined && written !== undefined) return undefined; // `IdentityAgent none`
  if (value === undefined || value === "SSH_AUTH_SOCK") return env["SSH_AUTH_SOCK"] || undefined;
  return (value.startsWith("$") ? env[value.replace(/^\$\{?|\}$/g, "")] : path(value)) || undefined;
}
