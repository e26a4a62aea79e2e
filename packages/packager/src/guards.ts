import { PackagerError } from "./error.ts";
import { globText } from "./globs.ts";
import type { Glob } from "./globs.ts";
import type { ListedFile } from "./listing.ts";
import { displayPath, joinedPaths } from "./paths.ts";
import { findSecretName, mayHaveSecretName } from "./secrets.ts";
import type { FoundSecret } from "./secrets.ts";
import { megabytes } from "./warnings.ts";

export interface SecretPlace extends FoundSecret {
  readonly file: ListedFile;
}

export function secretNames(files: readonly ListedFile[]): readonly SecretPlace[] {
  if (!mayHaveSecretName(joinedPaths(files))) return [];
  return files.flatMap((file) => {
    const found = findSecretName(file.path);
    return found === undefined ? [] : [{ file, ...found }];
  });
}

/** Throws PACKAGER_SECRET with file and line of each that no glob allows. */
export function refuseSecrets(secrets: readonly SecretPlace[], allowed: readonly Glob[]): void {
  const refused = secrets.filter(({ file }) => !allowed.some((glob) => glob.matches(globText(file.path))));
  if (refused.length === 0) return;
  const places = refused.map(({ file, line, kind }) => ({
    path: displayPath(file.path),
    ...(line !== undefined && { line }),
    kind,
  }));
  const lines = places.map(({ path, line, kind }) => `  ${path}${line === undefined ? "" : `:${line}`}  ${kind}`);
  throw new PackagerError("PACKAGER_SECRET", `Secrets would be packaged:\n${lines.join("\n")}`, {
    hint: "Take them out, exclude the files, or allow them by name if they are no secrets.",
    details: { secrets: places },
  });
}

/** Throws PACKAGER_TOO_LARGE with the ten biggest files. */
export function refuseTooLarge(files: readonly ListedFile[], maxBytes: number): void {
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  if (bytes <= maxBytes) return;
  const biggest = files.toSorted((a, b) => b.size - a.size).slice(0, 10);
  const lines = biggest.map((file) => `  ${megabytes(file.size)}  ${displayPath(file.path)} (${file.from})`);
  throw new PackagerError(
    "PACKAGER_TOO_LARGE",
    `The bundle would have ${megabytes(bytes)}; the limit is ${megabytes(maxBytes)}. The biggest files:\n${lines.join("\n")}`,
    {
      hint: "Leave files out with exclude patterns, or raise max_size.",
      details: { bytes, maxBytes, biggest: biggest.map((file) => ({ path: displayPath(file.path), size: file.size })) },
    },
  );
}
