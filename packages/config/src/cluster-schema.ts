import * as z from "zod/mini";

import { cleanSchema } from "./clean-settings.ts";
import type { CleanFile } from "./clean-settings.ts";
import {
  choice,
  duration,
  either,
  expected,
  flag,
  list,
  mapping,
  object,
  optional,
  pattern,
  required,
  text,
  variableName,
  wholeNumber,
} from "./schema.ts";
import type { Text } from "./schema.ts";

/** A cluster file as it is written. */
export interface ClusterFile {
  readonly executor: string;
  readonly executor_options?: Readonly<Record<string, unknown>>;
  readonly ssh_tunnel?: SshTunnelFile;
  readonly job_dir?: string;
  readonly account?: Text;
  readonly partition?: Text;
  readonly cpu_partition?: Text;
  readonly qos?: Text;
  readonly job_name_prefix?: Text;
  readonly containers?: Readonly<Record<string, string>>;
  readonly container_runtime?: "pyxis" | "apptainer" | "singularity" | "podman" | "docker" | "none";
  readonly mounts?: readonly string[];
  readonly env_vars?: readonly string[];
  readonly required_env_vars?: readonly string[];
  readonly secrets?: readonly string[];
  readonly default_timeout?: string | number;
  readonly timeouts?: Readonly<Record<string, string | number>>;
  readonly dependency_type?: "afterok" | "afterany" | "afternotok";
  readonly disable_gpus_per_node?: boolean;
  readonly mail_type?: string;
  readonly mail_user?: string;
  readonly sbatch?: Readonly<Record<string, Text>>;
  readonly poll?: { readonly min_seconds?: number };
  readonly clean?: CleanFile;
  readonly num_workers?: number;
  readonly skip_hf_home_check?: boolean;
  readonly sandbox_extra_srun_args?: readonly string[];
}

export interface SshTunnelFile {
  readonly host: string;
  /** Null is the caller's own name. */
  readonly user?: Text | null;
  readonly port?: number;
  readonly identity?: string;
  readonly job_dir?: string;
  readonly pre_command?: string;
  readonly shell?: string;
  readonly transport?: "auto" | "ssh2" | "openssh";
}

const line = (what: string) => pattern(what, /^[^\0\r\n]+$/);
const jobDirWords = "Where code, records, scripts and logs live: an absolute path on the cluster. $VARS are expanded.";
const variables = () =>
  list(
    z.string({ error: variableError }).check(z.regex(variableForm, { error: variableError })),
    "variables: NAME or NAME=value",
  );
const variableForm = /^\s*[A-Za-z_][A-Za-z0-9_]*\s*(=[^\0]*)?$/;
/** Tells the name only: the value may be a secret. */
const variableError = ({ input }: { readonly input?: unknown }) =>
  expected("NAME or NAME=value")({ input: typeof input === "string" ? input.replace(/=.*/s, "=…") : input });

const sshTunnelSchema: z.ZodMiniType<SshTunnelFile, unknown> = object({
  host: required("The login node, or an alias of ~/.ssh/config.", pattern("a host's name", /^(?!-)[^\s\0]+$/)),
  user: optional("Your name there. $VARS are expanded.", either("a user's name", [text(), z.null()])),
  port: optional("22 by default.", wholeNumber(1)),
  identity: optional("A private key on this machine. $VARS and ~ are expanded.", line("a private key's path")),
  job_dir: optional(jobDirWords, line("an absolute path")),
  pre_command: optional("A shell command that goes before every remote command.", line("a shell command")),
  transport: optional("How to connect.", choice(["auto", "ssh2", "openssh"])),
  shell: optional("Read for compatibility; it has no effect.", line("a shell's path")),
});

export const clusterSchema: z.ZodMiniType<ClusterFile, unknown> = object({
  executor: required(
    "slurm, local, or the name or path of a custom executor.",
    line("slurm, local or a custom executor's name"),
  ),
  executor_options: optional("Options of a custom executor, as it describes them.", mapping(z.unknown(), "options")),
  ssh_tunnel: optional(
    "How to reach the login node; leave it out when you work on the cluster itself.",
    sshTunnelSchema,
  ),
  job_dir: optional(jobDirWords, line("an absolute path")),
  account: optional("Slurm account.", text()),
  partition: optional("Slurm partition.", text()),
  cpu_partition: optional("The partition for jobs that ask for no GPU.", text()),
  qos: optional("Slurm quality of service.", text()),
  job_name_prefix: optional("Goes before every job's name in Slurm.", text()),
  containers: optional("Images by the names that jobs use.", mapping(line("an image or a path"), "images by name")),
  container_runtime: optional(
    "What starts containers.",
    choice(["pyxis", "apptainer", "singularity", "podman", "docker", "none"]),
  ),
  mounts: optional(
    "What containers see: SOURCE:TARGET[:ro]. ${NAME} is the value of your shell, and {NAME} as a whole side.",
    list(pattern("SOURCE:TARGET or SOURCE:TARGET:ro", /^[^:\0]+:[^:\0]+(:r[ow])?$/), "mounts: SOURCE:TARGET[:ro]"),
  ),
  env_vars: optional("Variables for every job: NAME takes your shell's value, if it has one; NAME=value.", variables()),
  required_env_vars: optional("As env_vars; a job is refused when your shell does not have one.", variables()),
  secrets: optional(
    "Variables that are never written to a script, a log or a record.",
    list(variableName(), "variable names"),
  ),
  default_timeout: optional("Time limit of jobs that have none: 4:00:00, 4h. A bare number is minutes.", duration()),
  timeouts: optional("The same by partition.", mapping(duration(), "time limits by partition")),
  dependency_type: optional("What needs means where it does not say.", choice(["afterok", "afterany", "afternotok"])),
  disable_gpus_per_node: optional("Leaves --gpus-per-node out of every script.", flag()),
  mail_type: optional("As sbatch --mail-type reads it.", line("a mail type such as FAIL")),
  mail_user: optional("Who gets the mail.", line("an address")),
  sbatch: optional(
    "Further sbatch options by long name.",
    mapping(either("text, a number or true/false", [text()]), "sbatch options"),
  ),
  poll: optional(
    "How often Slurm may be asked.",
    object({ min_seconds: optional("The site's floor between two questions.", wholeNumber(1)) }),
  ),
  clean: optional("What is kept, and for how long.", cleanSchema),
  num_workers: optional("Read for compatibility; it has no effect.", wholeNumber(1)),
  skip_hf_home_check: optional(
    "With the preset nemo-skills: whether jobs in containers may do without an HF_HOME below a mount.",
    flag(),
  ),
  sandbox_extra_srun_args: optional(
    "Read for compatibility; it has no effect.",
    list(line("an argument"), "arguments"),
  ),
});
