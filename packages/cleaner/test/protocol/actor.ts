import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import { applyCleaning, defaultPolicy, planCleaning, takeInventory } from "@slipway/cleaner";
import type { ExecOptions, ExecResult, Transport } from "@slipway/core";
import { openLocalTransport } from "@slipway/transport-local";

import type { Actors, CleaningActor } from "../../../store/test/protocol/run.ts";
import type { Luck } from "../../../store/test/protocol/submitter.ts";
import type { Variant } from "../../../store/test/protocol/variants.ts";
import { World } from "../../../store/test/protocol/world.ts";
import type { ShellSession } from "../../../store/test/shell-session.ts";

/** One way in which a cleaner is wrong; none of them set is ours. */
export interface Mistake {
  /** Texts of the scripts that it sends, and what stands there in their place; each is in one of them at least. */
  readonly scripts?: readonly (readonly [from: string, to: string])[];
  /** What it takes for Slurm's answer. */
  readonly evidence?: "running only" | "older than the leases" | "an error as an empty list" | "another user's";
  /** Nothing is ever revoked. */
  readonly keepsIntents?: boolean;
}

/** The protocol's world with what a cleaner leaves in a store. */
export class CleanedWorld extends World {
  readonly folder: string;

  constructor(folder: string, sh: ShellSession, variant: Variant = {}) {
    super(folder, sh, variant);
    this.folder = folder;
    writeFileSync(this.at("layout.json"), '{"version":1,"clusterName":"hpc"}\n');
    mkdirSync(this.at("cleaned"));
  }

  override checkOutside(): void {} // The layout and the records are beside the code; apply.test.ts has what else may not be touched.
}

/** A host whose squeue knows the jobs of whichever world is asked. */
export class SimulatedHost {
  private readonly local: Transport;
  private readonly bin: string;

  constructor(folder: string, searchPath: string) {
    this.bin = path.join(folder, "bin");
    mkdirSync(this.bin);
    const script = (text: string, name: string) => {
      writeFileSync(path.join(this.bin, name), `#!/bin/sh\n${text}\n`);
      chmodSync(path.join(this.bin, name), 0o755);
    };
    script("echo 'ClusterName = hpc'", "scontrol");
    script(`while IFS= read -r line; do echo "$line"; done <'${this.bin}/queue'`, "squeue");
    this.local = openLocalTransport({ env: { PATH: `${this.bin}:${searchPath}`, HOME: this.bin } });
  }

  tell(queue: string): void {
    writeFileSync(path.join(this.bin, "queue"), queue);
  }

  /** The same host, on one day with Perl and on another without. */
  transport(hasPerl: boolean): Transport {
    const functions = ["df() { :; }", ...(hasPerl ? [] : ["perl() { return 127; }"])].join("\n");
    return {
      ...this.local,
      exec: ([sh = "", flag = "", text = "", ...rest], options) =>
        this.local.exec([sh, flag, `${functions}\n${text}`, ...rest], options),
    };
  }
}

/** What squeue would list now. A site may keep comments to itself. */
function queueOf({ jobs }: World, { tellsTokens, only }: { tellsTokens: boolean; only?: string | undefined }): string {
  return jobs
    .filter(({ state }) => state !== "forgotten" && (only === undefined || state === only))
    .map(({ id, state, token }) => {
      const names = tellsTokens ? `${token}|${token}` : "|";
      return `${id}|${id}|${state.toUpperCase()}|N/A|N/A|N/A|n/a|None|${names}\n`;
    })
    .join("");
}

interface Waiting {
  readonly go: (luck: Luck) => Promise<void>;
  readonly drop: () => void;
}

/** A whole cleaner, one command of it at a time: between any two of them everything else may happen. */
class WholeCleaner implements CleaningActor {
  private readonly world: CleanedWorld;
  private readonly host: SimulatedHost;
  private readonly mistake: Mistake;
  private readonly waiting: Waiting[] = [];
  private work: Promise<void> | undefined;
  private onRequest: () => void = () => {};
  private queueAtFirst = "";

  constructor(world: CleanedWorld, host: SimulatedHost, mistake: Mistake) {
    this.world = world;
    this.host = host;
    this.mistake = mistake;
  }

  async decide(luck: Luck): Promise<void> {
    if (!this.work) {
      this.queueAtFirst = queueOf(this.world, { tellsTokens: true });
      const work = clean(this.world, this.transport(), this.mistake).catch(() => {}); // It died, or its connection did.
      this.work = work.then(() => {
        this.work = undefined;
      });
      // One command sees the leases and asks squeue. Who asks too early is one who sees the leases later.
      if (this.mistake.evidence === "older than the leases") return;
    }
    await this.act(luck);
  }

  async act(luck: Luck): Promise<void> {
    const [next] = this.waiting.splice(luck.choice % Math.max(1, this.waiting.length), 1);
    if (!next) return;
    await next.go(luck);
    await this.settle();
  }

  async die(): Promise<void> {
    while (this.work) {
      for (const { drop } of this.waiting.splice(0)) drop();
      await this.settle();
    }
  }

  /** Until it wants its next command, or has ended. */
  private async settle(): Promise<void> {
    if (this.waiting.length > 0 || !this.work) return;
    const requested = new Promise<void>((resolve) => (this.onRequest = resolve));
    await Promise.race([requested, this.work]);
  }

  private transport(): Transport {
    return {
      ...this.host.transport(true),
      exec: (argv, options) =>
        new Promise<ExecResult>((resolve, reject) => {
          const go = async (luck: Luck) => {
            try {
              const result = await this.run(argv, options, luck);
              if (luck.lost === "nothing") resolve(result);
              else reject(new Error("The connection was lost"));
            } catch (error) {
              reject(error as Error);
            }
          };
          this.waiting.push({ go, drop: () => reject(new Error("It died")) });
          this.onRequest();
        }),
    };
  }

  private run(argv: readonly string[], options: ExecOptions | undefined, { choice, lost }: Luck): Promise<ExecResult> {
    const { world, host, mistake } = this;
    const { evidence, scripts = [] } = mistake;
    const [sh = "", flag = "", text = "", ...rest] = argv;
    const only = evidence === "running only" ? "running" : undefined;
    if (evidence === "older than the leases") host.tell(this.queueAtFirst);
    else if (evidence === "an error as an empty list" && choice % 2 === 0) host.tell("");
    else if (evidence === "another user's") host.tell("");
    else host.tell(queueOf(world, { tellsTokens: choice % 2 === 0, only }));
    const sent = scripts.reduce((changed, [from, to]) => changed.replaceAll(from, to), text);
    world.log.push(`cleaner: ${describe(text)}${lost === "nothing" ? "" : ", answer lost"}`);
    // It may also die in the middle of its steps.
    const isCut = lost === "inside" && typeof options?.stdin === "string";
    const stdin = isCut
      ? options.stdin
          .split("\n")
          .slice(0, choice % 4)
          .join("\n")
      : options?.stdin;
    return host.transport(choice % 4 < 2).exec([sh, flag, sent, ...rest], { ...options, stdin });
  }
}

function describe(script: string): string {
  for (const word of ["STEP", "CONTENTS"]) if (script.includes(`say ${word}`)) return word;
  return "journal";
}

async function clean(world: CleanedWorld, transport: Transport, { keepsIntents = false }: Mistake): Promise<number> {
  const graces = { maxAgeSeconds: 0, staleSeconds: 0, uploadSeconds: 0, trashSeconds: 0, deletingSeconds: 0 };
  const policy = { ...defaultPolicy, ...graces, keepLast: 0, intentSeconds: keepsIntents ? Infinity : 0 };
  const inventory = await takeInventory({ transport, jobDir: world.folder, scheduler: "slurm" });
  const plan = planCleaning({ inventory, policy, experiments: [] });
  await applyCleaning({ transport, inventory, plan });
  return plan.remove.length;
}

/** The cleaner of this package, whatever is wrong with it, in the place of the protocol's single steps. */
export function wholeCleaners(host: SimulatedHost, mistake: Mistake = {}): Actors {
  const own = (world: World) => {
    if (world instanceof CleanedWorld) return world;
    throw new TypeError("Not a world for cleaners");
  };
  return {
    createCleaner: (world) => new WholeCleaner(own(world), host, mistake),
    async cleanAll(world) {
      for (let round = 0; round < 8; round++) {
        host.tell(queueOf(world, { tellsTokens: true }));
        if ((await clean(own(world), host.transport(round % 2 === 0), mistake)) === 0) return;
      }
    },
  };
}
