import { SlipwayError } from "@slipway/core";

export type StoreErrorCode =
  | "STORE_ROOT_NOT_ABSOLUTE"
  | "STORE_NOT_READABLE"
  | "STORE_NOT_WRITABLE"
  | "STORE_DISK_FULL"
  | "STORE_TOOL_MISSING"
  | "STORE_LAYOUT_UNSUPPORTED"
  | "STORE_LAYOUT_DAMAGED"
  | "STORE_OTHER_CLUSTER"
  | "STORE_UNSAFE_NAME"
  | "STORE_UNSAFE_PATH"
  | "STORE_CORRUPT_UPLOAD"
  | "STORE_UPLOAD_RECLAIMED"
  | "STORE_INSTANCE_NOT_FOUND"
  | "STORE_NO_ANSWER";

export class StoreError extends SlipwayError<StoreErrorCode> {}
