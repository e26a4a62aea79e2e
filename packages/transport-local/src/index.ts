export { TransportError } from "./error.ts";
export type { TransportErrorCode } from "./error.ts";
export { openLocalTransport } from "./transport.ts";
export type { LocalTransportOptions } from "./transport.ts";
