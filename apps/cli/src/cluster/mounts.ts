import type { Mount } from "@slipway/config";

type Environment = Readonly<Record<string, string | undefined>>;

/** What a container is given, `SRC:DST` or `SRC:DST:ro`, with this shell's values. A variable that is not set stays as it is written. */
export function expandMounts(mounts: readonly Mount[], env: Environment): readonly string[] {
  const expand = (side: string) => side.replaceAll(variable, (written, ...names) => valueOf(names, env) ?? written);
  return mounts.map(({ source, target, readOnly }) => `${expand(source)}:${expand(target)}${readOnly ? ":ro" : ""}`);
}

/** Variables that mounts name and that are not set here. */
export function unsetVariables(mounts: readonly Mount[], env: Environment): readonly string[] {
  const sides = mounts.flatMap(({ source, target }) => [source, target]);
  const names = sides.flatMap((side) => Array.from(side.matchAll(variable), ([, whole, part]) => whole ?? part ?? ""));
  return [...new Set(names)].filter((name) => valueOf([name], env) === undefined);
}

/** `{NAME}` where it is a whole side, `${NAME}` anywhere. */
const variable = /^\{([A-Za-z_][A-Za-z0-9_]*)\}$|\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

function valueOf(names: readonly unknown[], env: Environment): string | undefined {
  const name = names.find((each) => typeof each === "string");
  const value = typeof name === "string" ? env[name] : undefined;
  return value === "" ? undefined : value;
}
