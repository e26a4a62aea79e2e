/** What starting a testbed reports. */
export type TestbedEvent =
  | { readonly type: "testing.installing"; readonly packages: readonly string[] }
  /** A testbed whose starter has died was stopped and removed. */
  | { readonly type: "testing.removed_abandoned"; readonly directory: string }
  | { readonly type: "testing.started"; readonly directory: string; readonly daemon: string }
  | { readonly type: "testing.ready"; readonly directory: string; readonly seconds: number };
