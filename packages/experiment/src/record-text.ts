import { isJobName } from "@slipway/core";
import type { ExperimentRecord } from "@slipway/core";

import { ExperimentError } from "./error.ts";

/** `experiment.json`. */
export function renderRecord(record: ExperimentRecord): string {
  return `${JSON.stringify(record, undefined, 2)}\n`;
}

/** Throws EXPERIMENT_RECORD_UNREADABLE for text that is no record of a version this slipway knows. */
export function parseRecord(text: string, file: string): ExperimentRecord {
  const unreadable = (why: string, cause?: unknown) =>
    new ExperimentError("EXPERIMENT_RECORD_UNREADABLE", `${file} ${why}`, { cause });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw unreadable("is not JSON", error);
  }
  if (!isObject(value) || !("version" in value)) throw unreadable("is not an experiment's record");
  if (value["version"] !== 1) throw unreadable("was written by another version of slipway (update slipway to read it)");
  const { id, name, cluster, createdAt, code, jobs } = value;
  const texts = [id, name, cluster, createdAt].every((field) => typeof field === "string");
  const hasJobs = Array.isArray(jobs) && jobs.every((job) => isObject(job) && typeof job["name"] === "string");
  if (!texts || !isObject(code) || !hasJobs || !isJobName(String(id))) throw unreadable("lacks fields of a record");
  return value as unknown as ExperimentRecord;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
