import { randomBytes } from "node:crypto";
import path from "node:path";

import type { ClusterConfig } from "@slipway/config";
import { isSlipwayError } from "@slipway/core";
import type { Transport } from "@slipway/core";

import { findClusterConfig, openClusterTransport } from "../cluster/open.ts";
import { homeDirectory } from "../compose.ts";
import type { Context } from "../context.ts";
import { judgeHost, judgeSlurm } from "./checks.ts";
import type { Check, HostFacts, SlurmFacts } from "./checks.ts";
import { examineCodeStore } from "./code-store.ts";

export interface ExamineOptions {
  /** Reads all stored code, too. */
  readonly deep?: boolean | undefined;
  /** Moves stored code that is damaged and not needed to the trash. */
  readonly repair?: boolean | undefined;
}

/** Gathers what a run on a cluster, or here, will need, and judges it. Each thing that cannot be asked is a check that failed. */
export async function examine(
  cluster: string | undefined,
  context: Context,
  { deep, repair }: ExamineOptions = {},
): Promise<readonly Check[]> {
  const here = cluster === undefined || cluster === "local";
  let config: ClusterConfig | undefined;
  const checks: Check[] = [];
  try {
    config = here ? undefined : await findClusterConfig(cluster, context);
    checks.push({ what: "settings", result: "right", seen: config?.file ?? "this machine" });
    await using transport = await openTransport(config, context);
    if (config?.ssh) checks.push({ what: "ssh", result: "right", seen: `${transport.host}: ${describe(transport)}` });
    const directory = config?.jobDir ?? homeDirectory(context);
    const answer = await ask(transport, directory, context);
    checks.push(...judgeHost(readHostFacts(answer, directory)));
    const clusterName = config?.executor === "slurm" ? answer.get("CLUSTER")?.[0] : "local";
    checks.push(
      ...(await examineCodeStore(transport, { directory, clusterName, deep, repair, signal: context.signal })),
    );
    if (config?.executor === "slurm") checks.push(...judgeSlurm(await readSlurmFacts(answer), config));
    if (config === undefined || config.executor === "slurm") {
      const { examineCleaning } = await import("./cleaning.ts");
      checks.push(await examineCleaning(config, transport, context));
    }
  } catch (error) {
    if (!isSlipwayError(error)) throw error;
    const what = config ? "ssh" : "settings";
    checks.push({ what, result: "wrong", seen: error.message, ...(error.hint !== undefined && { mend: error.hint }) });
  }
  return checks;
}

async function openTransport(config: ClusterConfig | undefined, context: Context): Promise<Transport> {
  if (config) return openClusterTransport(config, context);
  const { openLocalTransport } = await import("@slipway/transport-local");
  return openLocalTransport({ env: context.env });
}

function describe(transport: Transport): string {
  const kind = "kind" in transport ? String(transport.kind) : "";
  const why = "why" in transport ? String(transport.why) : "";
  return `${kind}, ${why}`;
}

/** One command; each line of its answer begins with the tag. Parameters: tag, directory. */
const script = `
tag=$1 directory=$2 LC_ALL=C
export LC_ALL
say() { printf "\\n%s %s\\n" "$tag" "$*"; }
for tool in sh tar find sed grep gzip sha256sum shasum perl python3 setsid git sbatch squeue scontrol sacct; do
  if command -v "$tool" >/dev/null 2>&1; then say TOOL "$tool"; fi
done
say TIME "$(date -u +%s)"
near=$directory
while [ ! -e "$near" ] && [ "$near" != / ]; do near=$(dirname "$near"); done
if [ -d "$near" ] && [ -w "$near" ] && [ -x "$near" ]; then say WRITABLE; fi
say SPACE $(df -Pk "$near" 2>/dev/null | tail -n 1)
say INODES $(df -Pi "$near" 2>/dev/null | tail -n 1)
if command -v sbatch >/dev/null 2>&1; then
  version=$(sbatch --version 2>&1) && ping=$(scontrol ping 2>&1 | tr "\\n" " ") || ping=""
  say VERSION "$(printf "%s\\n" "$version" | tail -n 1)"
  say PING "$ping"
  case $ping in *" is UP"*) # Else each of these takes many seconds to say nothing.
    say PARTITIONS $(sinfo -h -o %R 2>/dev/null)
    settings=$(scontrol show config 2>/dev/null)
    say ACCOUNTING "$(printf "%s\\n" "$settings" | sed -n "s/^AccountingStorageType *= *//p")"
    say CLUSTER "$(printf "%s\\n" "$settings" | sed -n "s/^ClusterName *= *//p")" ;;
  esac
fi
say END
`;

type Answer = ReadonlyMap<string, readonly string[]>;

async function ask(transport: Transport, directory: string, { signal }: Context): Promise<Answer> {
  const tag = `slipway-${randomBytes(8).toString("hex")}`;
  const { stdout } = await transport.exec(["sh", "-c", script, "sh", tag, directory], { signal });
  const answer = new Map<string, string[]>();
  for (const line of Buffer.from(stdout).toString("utf8").split("\n")) {
    if (!line.startsWith(`${tag} `)) continue;
    const [word = "", ...rest] = line.slice(tag.length + 1).split(" ");
    answer.set(word, [...(answer.get(word) ?? []), rest.join(" ")]);
  }
  return answer;
}

function readHostFacts(answer: Answer, directory: string): HostFacts {
  const one = (word: string) => answer.get(word)?.[0];
  const freeBlocks = Number(one("SPACE")?.split(/\s+/).at(-3));
  const freeInodes = Number(one("INODES")?.split(/\s+/).at(-3));
  const time = Number(one("TIME"));
  return {
    tools: Object.fromEntries((answer.get("TOOL") ?? []).map((tool) => [tool, ""])),
    directory: {
      path: path.posix.normalize(directory),
      isWritable: answer.has("WRITABLE"),
      ...(Number.isFinite(freeBlocks) && { freeBytes: freeBlocks * 1024 }),
      ...(Number.isFinite(freeInodes) && freeInodes > 0 && { freeInodes }),
    },
    ...(Number.isFinite(time) && { clockAheadSeconds: Math.round(time - Date.now() / 1000) }),
  };
}

async function readSlurmFacts(answer: Answer): Promise<SlurmFacts> {
  const ping = answer.get("PING")?.[0] ?? "";
  const version = answer.get("VERSION")?.[0];
  const accounting = answer.get("ACCOUNTING")?.[0];
  return {
    ...(version !== undefined && { version }),
    controller: / is UP/.test(ping) ? "up" : / is DOWN/.test(ping) ? "down" : "unknown",
    partitions: (answer.get("PARTITIONS")?.[0] ?? "").split(/\s+/).filter(Boolean),
    ...(accounting !== undefined && { accounting: accounting !== "" && !accounting.endsWith("/none") }),
  };
}
