import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import type { ShellSession } from "../shell-session.ts";
import type { Variant } from "./variants.ts";

const manifest = `slipway-manifest 1 files=2 symlinks=0 directories=0 bytes=0\nfile 644 0 00 a\nfile 644 0 00 b\n`;
export const digest = createHash("sha256").update(manifest).digest("hex");
export const cluster = "hpc";

/** A job as the scheduler knows it. `released` stays; `forgotten` is what MinJobAge does. */
export interface SimulatedJob {
  readonly id: string;
  readonly token: string;
  /** Where its code lies. */
  instance: string;
  state: "held" | "pending" | "running" | "ended" | "forgotten";
  released: boolean;
  /** Its lease is older than T_stale. */
  isOld: boolean;
  requeues: number;
}

/** What lies in the store at one moment. */
export interface View {
  readonly open: ReadonlyMap<string, readonly string[]>;
  readonly closed: readonly string[];
  readonly unfinished: readonly string[];
  readonly trashed: readonly string[];
  readonly deleting: readonly string[];
  /** Ids of the jobs that the scheduler would list. */
  readonly listed: ReadonlySet<string>;
}

/** A broken promise of spec/store.md. */
export class Violation extends Error {}

/** One store in a folder, one scheduler, and the promises. */
export class World {
  readonly store: string;
  readonly runs: string;
  readonly sh: ShellSession;
  readonly variant: Variant;
  readonly jobs: SimulatedJob[] = [];
  readonly history: View[] = [];
  /** Instances that somebody damaged by hand: their jobs are excused. */
  readonly damaged = new Set<string>();
  readonly pins = new Set<string>();
  readonly log: string[] = [];
  private readonly onceClosed = new Set<string>();
  private names = 0;

  constructor(folder: string, sh: ShellSession, variant: Variant) {
    this.store = path.join(folder, "store");
    this.runs = path.join(folder, "runs");
    this.sh = sh;
    this.variant = variant;
    for (const name of ["store/code", "store/trash", "runs"]) mkdirSync(path.join(folder, name), { recursive: true });
    writeFileSync(path.join(folder, "outside"), "");
    this.history.push(this.look());
  }

  /** An idle instance in `code`, a closed one in `trash`. */
  putInstances(places: readonly ("code" | "trash")[]): void {
    for (const place of places) {
      const instance = this.at(place, this.nextName() ?? "");
      mkdirSync(instance);
      if (place === "code") mkdirSync(path.join(instance, "L"));
      this.writeHalf(instance);
      this.writeRest(instance);
    }
    this.history.push(this.look());
  }

  at(...names: readonly string[]): string {
    return path.join(this.store, ...names);
  }

  code(instance: string): string {
    return this.at("code", instance);
  }

  /** A name that was never used, or undefined when the run has had enough of them. */
  nextName(): string | undefined {
    if (this.variant.stableName) return `${digest}.n0`;
    return this.names < 8 ? `${digest}.n${this.names++}` : undefined;
  }

  nextNonce(): string {
    return `x${this.names++}`;
  }

  async call(name: string, ...args: readonly string[]): Promise<number> {
    const { code } = await this.sh.call(name, ...args);
    this.log.push(`${name} ${args.map((word) => path.basename(word).replace(digest, "D")).join(" ")} -> ${code}`);
    return code;
  }

  /** Now, or as it was some time ago. */
  view(stepsAgo: number): View {
    return this.history[Math.max(0, this.history.length - 1 - stepsAgo)] ?? this.look();
  }

  writeHalf(folder: string): void {
    mkdirSync(path.join(folder, "tree"), { recursive: true });
    writeFileSync(path.join(folder, "manifest"), manifest);
    writeFileSync(path.join(folder, "tree", "a"), "");
  }

  writeRest(folder: string): void {
    writeFileSync(path.join(folder, "tree", "b"), "");
  }

  isWhole(folder: string): boolean {
    try {
      const names = namesIn(path.join(folder, "tree"));
      return readFileSync(path.join(folder, "manifest"), "utf8") === manifest && names.join() === "a,b";
    } catch {
      return false; // Something of it is not there.
    }
  }

  damage(instance: string, halfway: boolean): void {
    this.damaged.add(instance);
    rmSync(this.at("code", instance, "tree", "a"), { force: true });
    if (!halfway) rmSync(this.at("code", instance, "L"), { recursive: true, force: true });
  }

  look(): View {
    const open = new Map<string, readonly string[]>();
    const closed: string[] = [];
    const unfinished: string[] = [];
    for (const name of namesIn(this.at("code"))) {
      if (name.startsWith(".in-")) unfinished.push(name.slice(4));
      else if (existsSync(this.at("code", name, "L"))) open.set(name, namesIn(this.at("code", name, "L")));
      else closed.push(name);
    }
    const trash = namesIn(this.at("trash"));
    return {
      open,
      closed,
      unfinished,
      trashed: trash.filter((name) => !name.startsWith(".del-")),
      deleting: trash.filter((name) => name.startsWith(".del-")),
      listed: new Set(this.jobs.filter(({ state }) => state !== "forgotten").map(({ id }) => id)),
    };
  }

  /** S1, S2, S3, and that a closed instance stays closed and a pinned one open. */
  check(): void {
    const now = this.look();
    this.history.push(now);
    for (const instance of now.closed) this.onceClosed.add(instance);
    for (const instance of now.open.keys()) {
      if (!this.damaged.has(instance) && !this.isWhole(this.code(instance)))
        this.fail(`S2 ${instance} is open and partial`);
      if (this.onceClosed.has(instance)) this.fail(`S2 the closed ${instance} is open again`);
    }
    for (const instance of this.pins) {
      if (!this.damaged.has(instance) && !now.open.get(instance)?.includes("p.e"))
        this.fail(`the pinned ${instance} is gone`);
    }
    for (const { id, state, instance, released } of this.jobs) {
      if (this.damaged.has(instance) || state === "forgotten") continue;
      if (state === "running" && !this.isWhole(this.code(instance))) {
        this.fail(`S1 the code of the running ${id} is not there`);
      }
      const leases = now.open.get(instance) ?? [];
      const isLeased = leases.includes(`j.${cluster}.${id}`) || leases.includes(`w.${cluster}.${id}`);
      if (released && !isLeased) this.fail(`S3 job ${id} can still start and holds no lease on an open instance`);
    }
  }

  release(job: SimulatedJob): void {
    if (job.state !== "held") return;
    const other = this.jobs.find(({ token, released, id }) => released && token === job.token && id !== job.id);
    if (other) this.fail(`X1 jobs ${other.id} and ${job.id} of one try are released`);
    job.state = "pending";
    job.released = true;
  }

  /** S4: what there is, is what the store has. */
  checkOutside(): void {
    const folder = path.dirname(this.store);
    if (namesIn(folder).join() !== "outside,runs,store") this.fail(`S4 beside the store: ${namesIn(folder).join()}`);
    if (namesIn(this.store).join() !== "code,trash") this.fail(`S4 in the store: ${namesIn(this.store).join()}`);
    const strays = namesIn(this.runs).filter((name) => !/^e\.k\d\.1$/.test(name));
    if (strays.length > 0) this.fail(`S4 beside the commit records: ${strays.join()}`);
  }

  fail(what: string): never {
    throw new Violation(`${what.replaceAll(digest, "D")}\n${this.log.join("\n")}`);
  }
}

function namesIn(folder: string): readonly string[] {
  return readdirSync(folder).toSorted();
}
