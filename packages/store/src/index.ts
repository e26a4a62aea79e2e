export { callFunctions, callServer } from "./calls.ts";
export type {
  CodeStore,
  CodeStoreOptions,
  LeaseListOptions,
  Staged,
  StageOptions,
  StoredInstance,
  StoreEvent,
} from "./code-store.ts";
export { parseContents } from "./contents.ts";
export type { LeasedInstance, SizedLeftover, StoreContents } from "./contents.ts";
export { contentsListing } from "./contents-listing.ts";
export { StoreError } from "./error.ts";
export type { StoreErrorCode } from "./error.ts";
export { storeFailure } from "./failure.ts";
export type { Place } from "./failure.ts";
export { createCodeStore } from "./create.ts";
export type { ExaminedInstance, ExamineOptions, StoreHealth } from "./health/examine.ts";
export { planRepair } from "./health/repair.ts";
export type { RepairedFinding, StoreFinding } from "./health/repair.ts";
export { leaseFunctions, privateCopyFunctions, submitFunctions, wrapperFunctions } from "./lease-functions.ts";
export type { LeaseHolder, Leftover, StoredLease } from "./leases.ts";
export { renderListings } from "./listing.ts";
export type { Listing } from "./listing.ts";
export type { StepResult, StoreStep } from "./steps.ts";
