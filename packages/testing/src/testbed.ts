export type { CommandResult } from "./testbed/command.ts";
export type { TestbedEvent } from "./testbed/event.ts";
export { startTestbed } from "./testbed/start.ts";
export type { TestbedOptions } from "./testbed/start.ts";
export { testbedSupport } from "./testbed/support.ts";
export type { TestbedSupport, TestbedSupportOptions } from "./testbed/support.ts";
export type { Testbed, TestbedAddress, TestbedCommands, TestbedSsh } from "./testbed/testbed.ts";
