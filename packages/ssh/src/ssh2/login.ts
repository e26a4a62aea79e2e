import { stripControlCharacters } from "@slipway/core";
import type { EventListener } from "@slipway/core";
import type { AnyAuthMethod, AuthHandlerMiddleware, KeyboardInteractiveAuthMethod } from "ssh2";

import type { HostConfig } from "../config/host-config.ts";
import type { SshQuestion } from "../destination.ts";
import { SshError } from "../error.ts";
import type { SshEvent } from "../event.ts";
import { FilteredAgent, readAgentKeys } from "./agent.ts";
import { methodOf, planAttempts } from "./attempts.ts";
import type { Attempt } from "./attempts.ts";
import { isWrongPassphrase, parsePrivateKey, readIdentities } from "./identities.ts";
import type { Identity } from "./identities.ts";

export interface LoginOptions {
  readonly config: HostConfig;
  readonly requiredIdentity?: string | undefined;
  readonly ask?: ((question: SshQuestion) => Promise<string>) | undefined;
  readonly onEvent?: EventListener<SshEvent> | undefined;
}

/** One attempt to log in to one host: what to offer next, and what to say when nothing is left. */
export interface Login {
  readonly authHandler: AuthHandlerMiddleware;
  readonly failure: () => unknown;
}

export async function prepareLogin(options: LoginOptions): Promise<Login> {
  const { config, ask, requiredIdentity, onEvent } = options;
  const identities = await readIdentities(config.identityFiles, requiredIdentity);
  const agentKeys = await readAgentKeys(config.agentSocket);
  for (const identity of identities) {
    if (identity.kind === "unusable") onEvent?.({ type: "ssh.key-skipped", file: identity.file, why: identity.why });
  }
  const attempts = [...planAttempts({ config, identities, agentKeys, canAsk: ask !== undefined })];
  const tried: string[] = [];
  let accepted: readonly string[] = [];
  let cause: unknown;

  const giveUp = (reason: unknown) => {
    cause ??= reason;
  };

  async function next(methods: readonly string[] | null): Promise<AnyAuthMethod | false> {
    if (methods) accepted = methods;
    if (cause !== undefined) return false;
    for (;;) {
      const index = attempts.findIndex((attempt) => !methods || methods.includes(methodOf(attempt)));
      const [attempt] = index === -1 ? [] : attempts.splice(index, 1);
      if (!attempt) return tried.length === 0 && !methods ? { type: "none", username: config.user } : false;
      const method = await methodFor(attempt, options, giveUp);
      if (!method) continue;
      tried.push(nameOf(attempt));
      return method;
    }
  }

  return {
    authHandler(methods: readonly string[] | null, _partialSuccess, give) {
      next(methods).then(
        (method) => give(method as AnyAuthMethod), // `false` is allowed, though the types do not know.
        (error: unknown) => {
          giveUp(error);
          give(false as unknown as AnyAuthMethod);
        },
      );
    },
    failure: () => cause ?? authenticationError({ config, identities, tried, accepted, canAsk: ask !== undefined }),
  };
}

async function methodFor(
  attempt: Attempt,
  options: LoginOptions,
  giveUp: (reason: unknown) => void,
): Promise<AnyAuthMethod | undefined> {
  const { config, ask } = options;
  const username = config.user;
  switch (attempt.kind) {
    case "agent":
      return { type: "agent", username, agent: new FilteredAgent(config.agentSocket ?? "", attempt.keys) };
    case "key":
      return { type: "publickey", username, key: attempt.key };
    case "encrypted":
      return unlock(attempt, options);
    case "keyboard-interactive":
      return { type: "keyboard-interactive", username, prompt: promptWith(options, giveUp) };
    case "password": {
      const prompt = `Password of ${username} on ${config.alias}: `;
      const password = await ask?.({ kind: "password", prompt, echo: false });
      return password === undefined ? undefined : { type: "password", username, password };
    }
  }
}

/** Asks again after a wrong passphrase; undefined when the key cannot be used. */
async function unlock({ file, text }: Attempt & { kind: "encrypted" }, { config, ask, onEvent }: LoginOptions) {
  for (let count = 0; ask && count < 3; count++) {
    const passphrase = await ask({ kind: "passphrase", prompt: `Passphrase of the key ${file}: `, echo: false });
    if (passphrase === "") break;
    const key = parsePrivateKey(text, passphrase);
    if (!(key instanceof Error)) return { type: "publickey" as const, username: config.user, key };
    if (isWrongPassphrase(key)) continue;
    onEvent?.({ type: "ssh.key-skipped", file, why: key.message });
    return undefined;
  }
  onEvent?.({ type: "ssh.key-skipped", file, why: "no right passphrase was given" });
  return undefined;
}

function promptWith(
  { ask, config }: LoginOptions,
  giveUp: (reason: unknown) => void,
): KeyboardInteractiveAuthMethod["prompt"] {
  return (_name, instructions, _language, prompts, finish) => {
    async function answer(): Promise<string[]> {
      const answers: string[] = [];
      for (const { prompt, echo } of prompts) {
        const said = [instructions, prompt].filter(Boolean).join("\n");
        // Any server may ask for a `Password: `; as ssh does, the question says whose it is.
        const text = `(${config.user}@${config.alias}) ${stripControlCharacters(said) || "Answer: "}`;
        answers.push((await ask?.({ kind: "keyboard-interactive", prompt: text, echo: echo === true })) ?? "");
      }
      return answers;
    }
    answer().then(finish, (error: unknown) => {
      giveUp(error);
      finish([]); // The server refuses it, and then nothing more is tried.
    });
  };
}

function nameOf(attempt: Attempt): string {
  switch (attempt.kind) {
    case "agent":
      return `${attempt.keys.length} of the agent's keys`;
    case "key":
    case "encrypted":
      return attempt.file;
    case "keyboard-interactive":
    case "password":
      return attempt.kind;
  }
}

interface FailureFacts {
  readonly config: HostConfig;
  readonly identities: readonly Identity[];
  readonly tried: readonly string[];
  readonly accepted: readonly string[];
  readonly canAsk: boolean;
}

function authenticationError({ config, identities, tried, accepted, canAsk }: FailureFacts): SshError {
  const unusable = identities.find((identity) => identity.kind === "unusable");
  const details = { tried: [...new Set(tried)], accepted };
  if (unusable && accepted.includes("publickey")) {
    return new SshError("SSH_KEY_UNSUPPORTED", `The key ${unusable.file} cannot be used: ${unusable.why}`, {
      hint: "Load it into an agent (ssh-add), or set `transport: openssh`.",
      details,
    });
  }
  const locked = identities.find((identity) => identity.kind === "encrypted");
  const hints = [
    ...(locked && !canAsk ? [`Unlock the key: ssh-add ${locked.file}`] : []),
    ...(!canAsk && accepted.some((method) => method !== "publickey") ? ["Log in once on a terminal"] : []),
    `Compare with: ssh -v ${config.alias}`,
  ];
  const what = details.tried.length > 0 ? `tried ${details.tried.join(", ")}` : "found no key to try";
  const message = `${config.alias} refuses ${config.user}: ${what}; it accepts ${accepted.join(", ") || "nothing else"}`;
  return new SshError("SSH_AUTH_FAILED", message, { hint: hints.join("; "), details });
}
