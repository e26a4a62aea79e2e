export { writeArchive } from "./archive.ts";
export type { ArchiveOptions } from "./archive.ts";
export { locateCompanion } from "./companion.ts";
export { PackagerError } from "./error.ts";
export type { PackagerErrorCode } from "./error.ts";
export { explainListing, explainSubmodules } from "./explain.ts";
export type { ExplainedSubmodule, Explanation } from "./explain.ts";
export { listFiles } from "./list.ts";
export type {
  ExcludedPath,
  FileStamp,
  ListedCompanion,
  ListedFile,
  ListedSubmodule,
  Listing,
  StoredContent,
} from "./listing.ts";
export type { PackagedCode, PackageOptions, PackagerEvent } from "./options.ts";
export { packBundle } from "./pack.ts";
export type { PackedBundle, PackedFile } from "./pack.ts";
export { predictBytes } from "./predict.ts";
export type { PredictedBytes } from "./predict.ts";
export type { LocateOptions } from "./python.ts";
export { bundleOfTree } from "./tree-bundle.ts";
export type { TreeBundleOptions } from "./tree-bundle.ts";
