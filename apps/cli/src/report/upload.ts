import type { Context } from "../context.ts";
import { tellProgress } from "./progress.ts";
import { formatBytes, formatDuration } from "./text.ts";

export interface UploadProgress {
  readonly sentBytes: number;
  readonly totalBytes: number;
}

/** Shows on the terminal, where something is going on there, how far an upload is and how long it will take. */
export function createUploadReport({ stderr }: Pick<Context, "stderr">): (progress: UploadProgress) => void {
  let beganAtMs: number | undefined;
  let last = 0;
  return (progress) => {
    const nowMs = performance.now();
    if (progress.sentBytes < last) beganAtMs = undefined; // The next upload.
    last = progress.sentBytes;
    beganAtMs ??= nowMs - firstStepMs;
    tellProgress(stderr, describeUpload(progress, nowMs - beganAtMs));
  };
}

/** The first is told so long after the beginning, at least. */
const firstStepMs = 100;
const leastMs = 1_000;

/** `elapsedMs` since its beginning. The time left is told when there is something to reckon with. */
export function describeUpload({ sentBytes, totalBytes }: UploadProgress, elapsedMs: number): string {
  if (sentBytes >= totalBytes) return `${formatBytes(totalBytes)} sent, checking there`;
  const text = `${formatBytes(sentBytes)} of ${formatBytes(totalBytes)} sent`;
  if (elapsedMs < leastMs || sentBytes === 0) return text;
  return `${text}, ${formatDuration(((totalBytes - sentBytes) / sentBytes) * elapsedMs)} left`;
}
