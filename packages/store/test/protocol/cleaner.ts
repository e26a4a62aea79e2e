import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from "node:fs";

import type { Luck } from "./submitter.ts";
import type { View, World } from "./world.ts";

type Action =
  | readonly [kind: "remove lease", name: string, lease: string]
  | readonly [kind: "close" | "move" | "purge" | "reclaim" | "delete", name: string]
  | readonly [kind: WrongAction, name: string];

/** What only variants do. */
type WrongAction =
  | "blind move"
  | "look again"
  | "put back"
  | "delete in place"
  | "delete rest in place"
  | "delete unfinished in place"
  | "delete rest of unfinished";

/** One cleaner: decides from what it saw, acts later, may die in between. Without any policy: what may go at some time, may go now. */
export class Cleaner {
  private decided: Action | undefined;
  private readonly world: World;

  constructor(world: World) {
    this.world = world;
  }

  decide({ choice, stepsAgo }: Luck): void {
    if (this.decided) return;
    const actions = this.possible(this.world.view(stepsAgo));
    this.decided = actions[choice % Math.max(1, actions.length)];
    const needsLock = this.decided?.[0] === "blind move" && this.world.variant.lock !== undefined;
    if (!needsLock) return;
    if (existsSync(this.world.at("lock"))) this.decided = undefined;
    else mkdirSync(this.world.at("lock"));
  }

  async act({ lost }: Luck): Promise<void> {
    const { world, decided } = this;
    if (!decided) return;
    this.decided = undefined;
    if (lost !== "nothing") await world.sh.loseReply();
    const [kind, name] = decided;
    switch (kind) {
      case "remove lease":
        await world.call("slipway_remove_lease", world.code(name), decided[2]);
        break;
      case "close":
        await world.call("slipway_close", world.code(name));
        break;
      case "move":
        await world.call("slipway_move", world.store, name);
        break;
      case "purge":
        await world.call("slipway_purge", world.store, name, world.nextNonce());
        break;
      case "reclaim":
        await world.call("slipway_reclaim", world.store, name, world.nextNonce());
        break;
      case "delete":
        await world.call("slipway_delete", world.at("trash", name));
        break;
      case "blind move":
      case "look again":
      case "put back":
      case "delete in place":
      case "delete rest in place":
      case "delete unfinished in place":
      case "delete rest of unfinished":
        this.actWrongly(kind, name);
    }
  }

  die(): void {
    if (this.decided) this.world.log.push(`a cleaner dies before: ${this.decided.join(" ")}`);
    this.decided = undefined;
  }

  /** All that this view lets one do; what `choice` picks from. */
  possible(view: View): readonly Action[] {
    const { variant } = this.world;
    const byView = [...view.open].flatMap(([name, leases]): readonly Action[] => {
      const free = leases
        .filter((lease) => this.mayRemove(lease, view))
        .map((lease): Action => ["remove lease", name, lease]);
      if (variant.removal === undefined) return [...free, ["close", name]];
      if (variant.removal === "age") return [...free, ["blind move", name]];
      if (leases.length > 0) return free;
      if (variant.removal === "in place") return [["delete in place", name]];
      return variant.removal === "rm leases" ? [["close", name]] : [["blind move", name]];
    });
    return [
      ...byView,
      ...view.closed.map((name): Action => ["move", name]),
      ...view.trashed.map((name): Action => ["purge", name]),
      ...view.unfinished.map((name): Action => [
        variant.reclaimInPlace ? "delete unfinished in place" : "reclaim",
        name,
      ]),
      ...view.deleting.map((name): Action => ["delete", name]),
    ];
  }

  /** Any intent at any time; a job's with evidence that it can never start again. */
  private mayRemove(lease: string, view: View): boolean {
    const { variant, jobs } = this.world;
    if (lease.startsWith("i.")) return !variant.keepIntents;
    const job = jobs.find(({ id }) => lease.endsWith(`.${id}`));
    if (!/^[jw]\./.test(lease) || !job) return false;
    switch (variant.evidence) {
      case undefined:
        return job.state === "forgotten" && job.isOld;
      case "terminal":
        return job.state === "ended" || job.state === "forgotten";
      case "older":
        return (
          job.state === "forgotten" ||
          this.world.history.some(({ listed }) => !listed.has(job.id) && view.open.size > 0)
        );
      case "any":
        return true;
      default:
        return false;
    }
  }

  private actWrongly(kind: WrongAction, name: string): void {
    const { world } = this;
    const { variant } = world;
    const folder = world.code(name);
    world.log.push(`a cleaner: ${kind} ${name.slice(65)}`);
    switch (kind) {
      case "blind move":
        if (existsSync(folder) && !existsSync(world.at("trash", name))) {
          renameSync(folder, world.at("trash", name));
          if (variant.removal === "restore") this.decided = ["look again", name];
        }
        if (variant.lock && existsSync(world.at("lock"))) rmdirSync(world.at("lock"));
        return;
      case "look again": {
        const leases = world.at("trash", name, "L");
        if (existsSync(leases) && readdirSync(leases).length > 0) this.decided = ["put back", name];
        return;
      }
      case "put back":
        if (existsSync(world.at("trash", name))) renameSync(world.at("trash", name), folder);
        return;
      case "delete in place":
        rmSync(world.at("code", name, "tree", "a"), { force: true });
        this.decided = ["delete rest in place", name];
        return;
      case "delete rest in place":
        return rmSync(folder, { recursive: true, force: true });
      case "delete unfinished in place":
        rmSync(world.at("code", `.in-${name}`, "tree", "a"), { force: true });
        this.decided = ["delete rest of unfinished", name];
        return;
      case "delete rest of unfinished":
        return rmSync(world.at("code", `.in-${name}`), { recursive: true, force: true });
    }
  }
}
