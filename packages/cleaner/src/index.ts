export { applyCleaning } from "./apply.ts";
export type { ApplyOptions, CleaningEvent, CleaningResult } from "./apply.ts";
export { cleanIfDue, isNearlyFull } from "./due.ts";
export type { DueOptions, DueOutcome } from "./due.ts";
export { CleanerError } from "./error.ts";
export type { CleanerErrorCode } from "./error.ts";
export type {
  InstanceSeen,
  Inventory,
  JobsSeen,
  KnownExperiment,
  LeftoverSeen,
  LiveRun,
  RunSeen,
  Space,
} from "./inventory.ts";
export { readJournal } from "./journal.ts";
export type { CleanedEntry } from "./journal.ts";
export { planExperimentRemoval } from "./plan-experiment.ts";
export { planCleaning } from "./plan.ts";
export type { CleaningPlan, CleaningStep, PlanContext, Removal, Thing, ThingKind } from "./plan.ts";
export { defaultPolicy } from "./policy.ts";
export type { RetentionPolicy } from "./policy.ts";
export { findRemoved } from "./removed.ts";
export type { FindRemovedOptions, RemovedThing } from "./removed.ts";
export { takeInventory } from "./take-inventory.ts";
export type { InventoryOptions, SchedulerKind } from "./take-inventory.ts";
export { measureUsage } from "./usage.ts";
export type { ExperimentUsage, ProjectUsage, Usage } from "./usage.ts";
export type { Size } from "./size.ts";
export { applyNemoCleaning } from "./nemo/apply.ts";
export type { NemoResult } from "./nemo/apply.ts";
export { takeNemoInventory } from "./nemo/gather.ts";
export type { NemoOptions } from "./nemo/gather.ts";
export type { NemoCopy, NemoExperiment, NemoInventory, NemoQueue } from "./nemo/inventory.ts";
export { planNemoCleaning } from "./nemo/plan.ts";
export type { NemoPlan, NemoRemoval } from "./nemo/plan.ts";
