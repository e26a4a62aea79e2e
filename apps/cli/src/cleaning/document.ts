import type { CleaningResult, Thing } from "@slipway/cleaner";

/** `clean --json`; its keys are API. After the work `remove` is what went. */
export interface CleaningDocument {
  readonly remove: readonly (Thing & { readonly cluster: string })[];
  readonly keep: readonly (Thing & { readonly cluster: string })[];
  readonly errors: readonly string[];
}

interface Planned {
  readonly remove: readonly Thing[];
  readonly keep: readonly Thing[];
  readonly errors: readonly string[];
}

export function documentOf(
  cluster: string,
  { remove, keep, errors }: Planned,
  result?: CleaningResult,
): CleaningDocument {
  const describe = ({ kind, path, bytes, inodes, why }: Thing) => ({ cluster, kind, path, bytes, inodes, why });
  return {
    remove: (result?.removed ?? remove).map(describe),
    keep: [...keep, ...(result?.kept ?? [])].map(describe),
    errors: errors.map((error) => `${cluster}: ${error}`),
  };
}

export function joinDocuments(documents: readonly CleaningDocument[]): CleaningDocument {
  return {
    remove: documents.flatMap(({ remove }) => remove),
    keep: documents.flatMap(({ keep }) => keep),
    errors: documents.flatMap(({ errors }) => errors),
  };
}
