import { SlipwayError } from "@slipway/core";

export type TransportErrorCode =
  | "TRANSPORT_COMMAND_NOT_FOUND"
  | "TRANSPORT_COMMAND_NOT_EXECUTABLE"
  | "TRANSPORT_COMMAND_TOO_LONG"
  | "TRANSPORT_DIRECTORY_NOT_FOUND"
  | "TRANSPORT_CANNOT_START"
  | "TRANSPORT_CLOSED";

export class TransportError extends SlipwayError<TransportErrorCode> {}
