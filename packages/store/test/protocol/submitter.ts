import { existsSync, mkdirSync, renameSync } from "node:fs";

import { cluster, digest } from "./world.ts";
import type { SimulatedJob, World } from "./world.ts";

/** What happens around one step of a submit. */
export interface Luck {
  /** Picks among what is possible. */
  readonly choice: number;
  /** How many steps ago the store looked as it is seen now. */
  readonly stepsAgo: number;
  /** A change is done, and its answer is lost: seen as failed by the shell's functions, or by the submitter itself. */
  readonly lost: "nothing" | "inside" | "outside";
}

export const honest: Luck = { choice: 0, stepsAgo: 0, lost: "nothing" };

type Step =
  | "look"
  | "lock"
  | "lease"
  | "verify"
  | "begin"
  | "take"
  | "write"
  | "finish"
  | "publish"
  | "submit"
  | "commit"
  | "lease again"
  | "record"
  | "release"
  | "cancel"
  | "ended";

/** One client that submits one try. After its end, or a crash, the next one goes on under the same token. */
export class Submitter {
  step: Step = "look";
  private instance = "";
  private job: SimulatedJob | undefined;
  private trashed = "";
  private readonly passed = new Set<string>();
  private readonly world: World;
  readonly token: string;

  constructor(world: World, token: string) {
    this.world = world;
    this.token = token;
  }

  async go(luck: Luck): Promise<void> {
    if (luck.lost === "inside") await this.world.sh.loseReply();
    this.world.log.push(`${this.token} ${this.step}${luck.lost === "nothing" ? "" : `, answer lost ${luck.lost}`}`);
    this.step = await this.next(luck);
  }

  private next(luck: Luck): Promise<Step> | Step {
    switch (this.step) {
      case "look":
        return this.look(luck);
      case "lock":
        return this.lock();
      case "lease":
        return this.lease(luck);
      case "verify":
        return this.verify();
      case "begin":
        return this.begin();
      case "take":
        return this.take();
      case "write":
        return this.write();
      case "finish":
        return this.finish(luck);
      case "publish":
        return this.publish(luck);
      case "submit":
        return this.submit(luck);
      case "commit":
        return this.commit(luck);
      case "lease again":
        return this.leaseAgain();
      case "record":
        return this.record();
      case "release":
        return this.release();
      case "cancel":
        return this.cancel();
      case "ended":
        return "ended";
    }
  }

  private async look({ stepsAgo, choice }: Luck): Promise<Step> {
    const { world } = this;
    if (await this.readRecord()) return "release";
    if (world.variant.lock === "kept" && existsSync(world.at("lock"))) return "look";
    const seen = [...world.view(stepsAgo).open.keys(), ...(this.trustsNames() ? world.view(stepsAgo).closed : [])];
    const usable = seen.filter((name) => !this.passed.has(name));
    if (usable.length > 0) {
      if (stepsAgo === 0 && !this.trustsNames()) {
        await world.call("slipway_choose", world.store, digest, [...this.passed].join(" "));
        this.instance = (await world.sh.read("slipway_instance")).split("/").at(-1) ?? "";
      } else this.instance = usable[choice % usable.length] ?? "";
      if (world.variant.lock === "broken by age") return "lock";
      if (world.variant.leaseAfterSubmit) return world.isWhole(world.code(this.instance)) ? "submit" : "look";
      if (world.variant.lookThenLease && !world.isWhole(world.code(this.instance))) return "look";
      return "lease";
    }
    const [trashed] = world.view(stepsAgo).trashed;
    if (world.variant.renameBack && trashed !== undefined) return this.renameBack(trashed);
    const name = world.nextName();
    if (name === undefined) return "ended";
    this.instance = name;
    this.trashed = trashed !== undefined && choice % 2 === 0 ? trashed : "";
    return "begin";
  }

  /** Variants whose instances are not closed before they go. */
  private trustsNames(): boolean {
    const { removal } = this.world.variant;
    return removal !== undefined && removal !== "rm leases";
  }

  private lock(): Step {
    const { world } = this;
    if (!existsSync(world.at("lock"))) return "lease";
    world.log.push("the lock looks too old and is broken");
    renameSync(world.at("lock"), world.at("trash", `.del-${world.nextNonce()}`));
    return "lease";
  }

  private async lease({ lost }: Luck): Promise<Step> {
    const code = await this.world.call("slipway_take_intent", this.world.code(this.instance), this.token);
    if (code !== 0 || lost === "outside") return "look";
    return this.world.variant.lookThenLease ? "submit" : "verify";
  }

  private async verify(): Promise<Step> {
    const { world, instance } = this;
    if ((await world.call("slipway_looks_whole", world.code(instance), digest, "2")) === 0) return "submit";
    await world.call("slipway_give_back_intent", world.code(instance), this.token);
    this.passed.add(instance);
    return "look";
  }

  private async begin(): Promise<Step> {
    const { world, instance } = this;
    if (world.variant.publishInPlace) {
      mkdirSync(world.at("code", instance, "L", `i.${this.token}`), { recursive: true });
      world.writeHalf(world.code(instance));
      return "finish";
    }
    if ((await world.call("slipway_begin", world.store, instance, this.token)) !== 0) return "ended";
    return this.trashed === "" ? "write" : "take";
  }

  private async take(): Promise<Step> {
    const { world, instance } = this;
    await world.call("slipway_take_tree", world.store, this.trashed, instance);
    return world.isWhole(world.at("code", `.in-${instance}`)) ? "publish" : "look";
  }

  private write(): Step {
    if (!existsSync(this.staging)) return "look";
    this.world.writeHalf(this.staging);
    return "finish";
  }

  private finish({ choice }: Luck): Step {
    const { world, instance } = this;
    if (world.variant.publishInPlace) {
      if (existsSync(world.at("code", instance, "tree"))) world.writeRest(world.code(instance));
      return "submit";
    }
    if (!existsSync(`${this.staging}/tree`)) return "look";
    if (choice % 10 === 9) return "ended"; // The disk is full.
    world.writeRest(this.staging);
    return world.isWhole(this.staging) ? "publish" : "look";
  }

  private get staging(): string {
    return this.world.at("code", `.in-${this.instance}`);
  }

  private async publish({ lost }: Luck): Promise<Step> {
    const code = await this.world.call("slipway_publish", this.world.store, this.instance);
    return code !== 0 || lost === "outside" ? "look" : "submit";
  }

  private submit({ choice, lost }: Luck): Step {
    const { world, token, instance } = this;
    const own = world.jobs.find((job) => job.token === token && job.instance === instance && job.state === "held");
    const { submitAgain = false } = world.variant;
    if (own && !submitAgain) this.job = own;
    else {
      if (world.jobs.length >= 6 || choice % 20 === 19) return "ended"; // The controller cannot be reached.
      const isHeld = !world.variant.noHold && !submitAgain;
      const job: SimulatedJob = {
        id: String(world.jobs.length + 1),
        token,
        instance,
        state: "held",
        released: false,
        isOld: false,
        requeues: 0,
      };
      world.jobs.push(job);
      world.log.push(`${token} job ${job.id} in ${instance.replace(digest, "D")}`);
      if (!isHeld) world.release(job);
      if (lost === "outside") return "submit";
      this.job = job;
    }
    if (world.variant.releaseFirst) world.release(this.job);
    return world.variant.commitTryFirst ? "record" : "commit";
  }

  private async commit({ choice, lost }: Luck): Promise<Step> {
    const { world, job } = this;
    if (!job) return "look";
    const folder = world.code(this.instance);
    const code = world.variant.leaseAfterSubmit
      ? await world.call("slipway_mark", folder, `j.${cluster}.${job.id}`)
      : await world.call("slipway_commit_lease", folder, this.token, cluster, job.id);
    if ((code === 0 && lost !== "outside") || world.variant.ignoreCommit)
      return world.variant.commitTryFirst ? "release" : "record";
    return choice % 2 === 0 ? "cancel" : "lease again";
  }

  private async leaseAgain(): Promise<Step> {
    const code = await this.world.call("slipway_take_intent", this.world.code(this.instance), this.token);
    return code === 0 ? "commit" : "cancel";
  }

  private async record(): Promise<Step> {
    const { world, job } = this;
    if (!job) return "look";
    if (world.variant.noExclusiveCommit) return "release";
    if ((await world.call("slipway_commit_try", this.file, this.token, `${cluster}.${job.id}`)) !== 0) return "ended";
    await this.readRecord();
    if (this.job !== job && job.state === "held") job.state = "ended";
    return world.variant.commitTryFirst && this.job === job ? "commit" : "release";
  }

  private async readRecord(): Promise<boolean> {
    if (this.world.variant.noExclusiveCommit || !existsSync(this.file)) return false;
    if ((await this.world.call("slipway_read_try", this.file)) !== 0) return false;
    const id = (await this.world.sh.read("slipway_committed")).split(".").at(-1);
    this.job = this.world.jobs.find((job) => job.id === id);
    return this.job !== undefined;
  }

  private get file(): string {
    return `${this.world.runs}/${this.token}`;
  }

  private release(): Step {
    if (this.job) this.world.release(this.job);
    return "ended";
  }

  private cancel(): Step {
    if (this.job?.state === "held") this.job.state = "ended";
    this.job = undefined;
    return "look";
  }

  private renameBack(trashed: string): Step {
    const { world } = this;
    if (!existsSync(world.at("trash", trashed)) || existsSync(world.code(trashed))) return "look";
    renameSync(world.at("trash", trashed), world.code(trashed));
    mkdirSync(world.at("code", trashed, "L", `i.${this.token}`), { recursive: true });
    this.instance = trashed;
    return "submit";
  }
}
