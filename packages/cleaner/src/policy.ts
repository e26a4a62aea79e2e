/** Which of that which nobody needs goes, and when. It decides what may be removed; safety never rests on it. */
export interface RetentionPolicy {
  /** Since its last use: the code goes when it is older. */
  readonly maxAgeSeconds: number;
  /** Of all code, what lies in the trash included: above it the longest unused goes at once. Unlimited when absent. */
  readonly maxBytes?: number;
  readonly maxInodes?: number;
  /** So many of the newest experiments of each project keep their code. */
  readonly keepLast: number;
  /** Since they ended: run directories with their logs and outputs go when they are older. Never when absent. */
  readonly runsMaxAgeSeconds?: number;
  /** Since a lease was made: before that not even the scheduler's word that there is no such job counts. */
  readonly staleSeconds: number;
  /** Since a submission took its intent, or made a job of this machine that has not begun: it has been given up when it is older. */
  readonly intentSeconds: number;
  /** Since anything in an unfinished upload, or in a half-made run directory, has changed. */
  readonly uploadSeconds: number;
  /** In the trash. */
  readonly trashSeconds: number;
  /** Since somebody began to delete something, and did not end it. */
  readonly deletingSeconds: number;
}

const hour = 3600;
const day = 24 * hour;

/** Source of the times: `spec: store`, "Constants". */
export const defaultPolicy: RetentionPolicy = {
  maxAgeSeconds: 7 * day,
  keepLast: 3,
  staleSeconds: hour,
  intentSeconds: day,
  uploadSeconds: day,
  trashSeconds: day,
  deletingSeconds: hour,
};
