import type { Executor } from "./executor.ts";
import type { Transport } from "./transport.ts";

/** What an executor is made from: all that the cluster file and the caller's machine give. */
export interface ExecutorOpening<Options> {
  /** The cluster's name. */
  readonly cluster: string;
  /** The cluster file's `executor_options`, as the executor's schema gives them. */
  readonly options: Options;
  /** The cluster file's `job_dir`, absolute on the execution host. */
  readonly jobDir: string | undefined;
  /** Absolute, on this machine: for what can be made again. */
  readonly cacheDirectory: string;
  /** The caller's environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** To the host of the cluster file's `ssh_tunnel`, or to this machine. It connects when it is first used, and is the caller's to close. */
  readonly transport: Transport;
}

/** What a package or a file exports as its default to be named in a cluster file's `executor`. */
export interface ExecutorDefinition<Options = unknown> {
  readonly kind: "slipway.executor";
  readonly apiVersion: 1;
  /** Of the kind of system, as `Executor.name`. */
  readonly name: string;
  readonly options: OptionsSchema<Options>;
  readonly create: (opening: ExecutorOpening<Options>) => Executor | Promise<Executor>;
}

/** A Standard Schema (https://standardschema.dev, version 1): zod, valibot, arktype and others make them. */
export interface OptionsSchema<Options> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => OptionsResult<Options> | Promise<OptionsResult<Options>>;
    readonly types?: { readonly input: unknown; readonly output: Options } | undefined;
  };
}

export type OptionsResult<Options> =
  | { readonly value: Options; readonly issues?: undefined }
  | { readonly issues: readonly OptionsIssue[] };

export interface OptionsIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** An executor for other people's cluster files: `export default defineExecutor({ name: "pbs", options: schema, create })`. */
export function defineExecutor<Options>(
  definition: Pick<ExecutorDefinition<Options>, "name" | "options" | "create">,
): ExecutorDefinition<Options> {
  return { kind: "slipway.executor", apiVersion: 1, ...definition };
}

/** Why a module's default export cannot be used as an executor's definition, in words; undefined when it can. Told by its shape alone. */
export function definitionProblem(value: unknown): string | undefined {
  if (!isObject(value) || value["kind"] !== "slipway.executor")
    return "its default export is not made by defineExecutor";
  if (value["apiVersion"] !== 1)
    return `it is written for version ${String(value["apiVersion"])} of the contract; this slipway knows version 1`;
  if (typeof value["name"] !== "string" || value["name"] === "") return "it has no name";
  if (typeof value["create"] !== "function") return "create is not a function";
  const { options } = value;
  const schema = isObject(options) || typeof options === "function" ? Object(options)["~standard"] : undefined;
  if (!isObject(schema) || schema["version"] !== 1 || typeof schema["validate"] !== "function")
    return "its options are not a Standard Schema of version 1";
  return undefined;
}

const functions = ["stage", "plan", "submit", "poll", "cancel", "logs"] as const;

/** Why something cannot be used as an executor, in words; undefined when it can. Told by its shape alone. */
export function executorProblem(value: unknown): string | undefined {
  if (!isObject(value)) return "it is not an object";
  if (value["apiVersion"] !== 1) return `its apiVersion is ${String(value["apiVersion"])}, not 1`;
  if (typeof value["name"] !== "string" || value["name"] === "") return "it has no name";
  const missing = functions.filter((name) => typeof value[name] !== "function");
  if (typeof Reflect.get(value, Symbol.asyncDispose) !== "function") return "it has no [Symbol.asyncDispose]";
  return missing.length === 0 ? undefined : `it lacks ${missing.join(", ")}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
