/** Values by name: a process's environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

export type Expansion =
  | { readonly text: string; readonly missing?: undefined }
  | { readonly missing: readonly string[] };

/** `$NAME` and `${NAME}` replaced by their values; else what has none: unset and empty variables, and a `$` before anything else. */
export function expandVariables(text: string, env: Environment): Expansion {
  const missing: string[] = [];
  const expanded = text.replace(
    /\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})?/g,
    (_, plain?: string, braced?: string) => {
      const name = plain ?? braced ?? "";
      const value = env[name];
      if (typeof value !== "string" || value === "") missing.push(`$${name}`);
      return value ?? "";
    },
  );
  return missing.length > 0 ? { missing: [...new Set(missing)] } : { text: expanded };
}

/** `~` and `~/x` with the value of HOME; unchanged without one. */
export function expandHome(text: string, env: Environment): string {
  const home = env["HOME"];
  return home === undefined || !/^~(?:\/|$)/.test(text) ? text : home + text.slice(1);
}
