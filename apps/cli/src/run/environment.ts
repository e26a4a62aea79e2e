import { isEnvironmentName } from "@slipway/core";

import type { Context } from "../context.ts";
import { CliError } from "../error.ts";

/** `K=V` sets, `K` takes the value from the caller's environment. */
export function readEnvironment(
  words: readonly string[] | undefined,
  { env }: Pick<Context, "env">,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    (words ?? []).map((word) => {
      const equals = word.indexOf("=");
      const name = equals < 0 ? word : word.slice(0, equals);
      if (!isEnvironmentName(name))
        throw usage(`${JSON.stringify(name)} cannot be a variable's name`, "Say --env NAME=value");
      const value = equals < 0 ? env[name] : word.slice(equals + 1);
      if (value === undefined) throw usage(`The variable ${name} is not set here`, `Say --env ${name}=value`);
      return [name, value] as const;
    }),
  );
}

/** The values of secrets, from the caller's environment, by job. */
export function readSecrets(
  { secrets }: { readonly secrets: Readonly<Record<string, readonly string[]>> },
  { env }: Pick<Context, "env">,
): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const values = Object.entries(secrets).map(([job, names]) => [job, readSecretValues(names, env)] as const);
  return Object.fromEntries(values);
}

function readSecretValues(names: readonly string[], env: Context["env"]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    names.map((name) => {
      if (!isEnvironmentName(name)) {
        const shown = JSON.stringify(name.split("=")[0]);
        throw usage(`${shown} cannot be a variable's name`, "Say --secret NAME; the value comes from your environment");
      }
      const value = env[name];
      if (value === undefined) throw usage(`The secret ${name} is not set here`, `export ${name} first`);
      return [name, value] as const;
    }),
  );
}

function usage(message: string, hint: string): CliError {
  return new CliError("CLI_USAGE", message, { hint });
}
