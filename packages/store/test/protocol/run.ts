import fc from "fast-check";

import { Cleaner } from "./cleaner.ts";
import { honest, Submitter } from "./submitter.ts";
import type { Luck } from "./submitter.ts";
import type { SimulatedJob, World } from "./world.ts";

const kinds = [
  { weight: 12, arbitrary: fc.constant("submit" as const) },
  { weight: 1, arbitrary: fc.constant("kill" as const) },
  { weight: 6, arbitrary: fc.constant("decide" as const) },
  { weight: 6, arbitrary: fc.constant("act" as const) },
  { weight: 1, arbitrary: fc.constant("die" as const) },
  { weight: 8, arbitrary: fc.constant("job" as const) },
  { weight: 3, arbitrary: fc.constant("forget" as const) },
  { weight: 1, arbitrary: fc.constant("pin" as const) },
];

export interface Operation extends Luck {
  readonly kind: (typeof kinds)[number]["arbitrary"] extends fc.Arbitrary<infer K> ? K | "damage" : never;
  readonly actor: number;
  /** How many steps of a submit follow each other without anything between them. */
  readonly steps: number;
}

const luck = {
  actor: fc.nat(2),
  steps: fc.integer({ min: 1, max: 3 }),
  choice: fc.nat(59),
  stepsAgo: fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 12 }) },
  ),
  lost: fc.oneof(
    { weight: 8, arbitrary: fc.constant("nothing" as const) },
    { weight: 1, arbitrary: fc.constant("inside" as const) },
    { weight: 1, arbitrary: fc.constant("outside" as const) },
  ),
};

/** What may happen to a store, in any order. */
export const operations: fc.Arbitrary<readonly Operation[]> = fc.array(
  fc.record({ kind: fc.oneof(...kinds), ...luck }),
  {
    minLength: 40,
    maxLength: 90,
    size: "max",
  },
);

/** The same, and one instance is damaged by hand at some moment. */
export const operationsWithDamage: fc.Arbitrary<readonly Operation[]> = fc
  .tuple(operations, fc.record({ kind: fc.constant("damage" as const), ...luck }), fc.nat(40))
  .map(([list, damage, position]) => list.toSpliced(position, 0, damage));

/** Where instances of earlier runs lie. */
const beginnings = [[], ["code"], ["trash"], ["code", "trash"]] as const;

/** Who cleans: sees something, acts upon it later, may die in between. */
export interface CleaningActor {
  decide(luck: Luck): Promise<void> | void;
  act(luck: Luck): Promise<void>;
  die(): Promise<void> | void;
}

export interface Actors {
  createCleaner(world: World): CleaningActor;
  /** Goes on for as long as there is anything to do. */
  cleanAll(world: World): Promise<void>;
}

const singleSteps: Actors = { createCleaner: (world) => new Cleaner(world), cleanAll: cleanBySteps };

/** Carries the operations out, and throws the first broken promise. */
export async function run(world: World, list: readonly Operation[], actors: Actors = singleSteps): Promise<void> {
  const beginning = beginnings[(list[0]?.choice ?? 0) % beginnings.length];
  if (beginning && !world.variant.stableName) world.putInstances(beginning);
  const tokens = ["e.k0.1", "e.k0.1", "e.k1.1"] as const;
  const submitters = tokens.map((token) => new Submitter(world, token));
  const cleaners = [actors.createCleaner(world), actors.createCleaner(world)];
  for (const operation of list) {
    const cleaner = cleaners[operation.actor % 2];
    switch (operation.kind) {
      case "submit": {
        const submitter = submitters[operation.actor];
        if (submitter?.step === "ended") submitters[operation.actor] = new Submitter(world, submitter.token);
        else {
          for (let step = 1; step < operation.steps; step++) {
            await submitter?.go(honest);
            world.check();
          }
          await submitter?.go(operation);
        }
        break;
      }
      case "kill":
        submitters[operation.actor] = new Submitter(world, tokens[operation.actor] ?? "e.k0.1");
        break;
      case "decide":
        await cleaner?.decide(operation);
        break;
      case "act":
        await cleaner?.act(operation);
        break;
      case "die":
        await cleaner?.die();
        break;
      case "job":
        await liveOn(world, operation);
        break;
      case "forget":
        forget(world, operation);
        break;
      case "pin":
        await pin(world, operation);
        break;
      case "damage": {
        const open = [...world.look().open.keys()];
        const damaged = open[operation.choice % Math.max(1, open.length)];
        if (damaged !== undefined) world.damage(damaged, operation.choice % 2 === 0);
        break;
      }
    }
    world.check();
  }
  for (const cleaner of cleaners) await cleaner.die();
  await finishAlone(world);
  await cleanAll(world, actors);
  world.checkOutside();
}

/** One job's next event, of its own or by the scheduler or its user. */
async function liveOn(world: World, { choice }: Luck): Promise<void> {
  const alive = world.jobs.filter(
    ({ state }) => state === "pending" || state === "running" || state === "ended" || state === "held",
  );
  const job = alive[choice % Math.max(1, alive.length)];
  if (!job) return;
  const requeue = () => {
    if (job.requeues >= 2 || !job.released) return;
    job.requeues += 1;
    job.state = "pending";
  };
  if (job.state === "held" || (job.state === "pending" && choice % 7 === 0)) {
    if (choice % 7 === 0) job.state = "ended"; // Cancelled by its user.
  } else if (job.state === "pending") await start(world, job);
  else if (job.state === "running" && choice % 3 !== 0) job.state = "ended";
  else requeue();
  world.log.push(`job ${job.id} is ${job.state}`);
}

async function start(world: World, job: SimulatedJob): Promise<void> {
  const isExcused = world.damaged.has(job.instance);
  const code = await world.call(
    "slipway_use_code",
    world.store,
    job.instance,
    job.instance.slice(0, 64),
    "hpc",
    job.id,
    "0",
  );
  if (code === 0) {
    job.instance = (await world.sh.read("slipway_instance")).split("/").at(-1) ?? "";
    job.state = "running";
    return;
  }
  if (!isExcused) world.fail(`S1 job ${job.id} starts and its code is not there`);
  job.state = "ended";
}

/** The scheduler forgets a job that has ended; a lease gets older than T_stale. */
function forget(world: World, { choice }: Luck): void {
  const job = world.jobs[choice % Math.max(1, world.jobs.length)];
  if (job?.state === "ended") job.state = "forgotten";
  else if (job?.state === "forgotten") job.isOld = true;
}

async function pin(world: World, { choice }: Luck): Promise<void> {
  const [pinned] = world.pins;
  if (pinned !== undefined) {
    world.pins.delete(pinned);
    await world.call("slipway_unpin", world.code(pinned), "e");
    return;
  }
  const open = [...world.look().open.keys()];
  const instance = open[choice % Math.max(1, open.length)];
  if (instance !== undefined && (await world.call("slipway_pin", world.code(instance), "e")) === 0)
    world.pins.add(instance);
}

/** L2: a submitter alone, whoever has died before, ends in a bounded number of its own steps. */
async function finishAlone(world: World): Promise<void> {
  const submitter = new Submitter(world, "e.k9.1");
  for (let steps = 0; steps < 40; steps++) {
    if (submitter.step === "ended") return;
    await submitter.go(honest);
    world.check();
  }
  world.fail("L2 a submitter alone does not end");
}

/** L1: once nobody can use anything, a cleaner that goes on has nothing left. */
async function cleanAll(world: World, actors: Actors): Promise<void> {
  for (const job of world.jobs) Object.assign(job, { state: "forgotten", isOld: true });
  for (const instance of world.pins) await world.call("slipway_unpin", world.code(instance), "e");
  world.pins.clear();
  await actors.cleanAll(world);
  const { open, closed, unfinished, trashed, deleting } = world.look();
  const left = [...open.keys(), ...closed, ...unfinished, ...trashed, ...deleting];
  if (left.length > 0) world.fail(`L1 this is left for ever: ${left.join()}`);
}

async function cleanBySteps(world: World): Promise<void> {
  const cleaner = new Cleaner(world);
  for (let rounds = 0; rounds < 200; rounds++) {
    if (cleaner.possible(world.look()).length === 0) return;
    cleaner.decide({ ...honest, choice: rounds });
    world.history.push(world.look());
    await cleaner.act(honest);
    world.history.push(world.look());
  }
}
