import type { Diagnostic } from "@slipway/core";

/** What a file holds, or everything that is wrong with it, sorted by place. */
export type Reading<Shape> =
  | { readonly shape: Shape; readonly diagnostics?: undefined }
  | { readonly diagnostics: readonly Diagnostic[] };
