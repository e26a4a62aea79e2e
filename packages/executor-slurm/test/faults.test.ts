import { randomUUID } from "node:crypto";
import { chmod, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import process from "node:process";

import { isSlipwayError } from "@slipway/core";
import type { JobHandle, JobPlan, Transport } from "@slipway/core";
import { temporaryDirectory } from "@slipway/testing";
import { sharedTestbed } from "@slipway/testing/testbed";
import { describe, expect, test } from "vitest";

import { openFixture } from "./fixture.ts";
import type { Fixture } from "./fixture.ts";
import { isSupported } from "./testbed.ts";
import { linkToolsBut, searchPath } from "./tools.ts";

/** `SLIPWAY_FAULT_SEEDS=0-499` for others than these. */
const [firstSeed = 0, lastSeed = 39] = (process.env["SLIPWAY_FAULT_SEEDS"] ?? "0-39").split("-").map(Number);
const seeds = Array.from({ length: lastSeed - firstSeed + 1 }, (_, index) => firstSeed + index);

/** What a submission runs there, beside the calls of a server; each may be its last. */
const tools = [
  "sbatch",
  "squeue",
  "scontrol",
  "scancel",
  "mkdir",
  "rmdir",
  "mv",
  "ln",
  "rm",
  "cp",
  "touch",
  "sed",
  "cat",
];

/** `before` and `after` end the script there, as a lost connection or a killed client may; `lost` does what was asked and does not say so. */
const kinds = ["before", "after", "fails", "lost", "never", "unheard"] as const;

interface Fault {
  readonly kind: (typeof kinds)[number];
  /** The tool or call that it happens to, counted over all. */
  readonly at: number;
  readonly takesBack: boolean;
  /** Whether there is a perl, which makes the calls in place of tools. */
  readonly hasPerl: boolean;
}

function faultOf(seed: number): Fault {
  const random = mulberry32(seed + 1);
  return {
    kind: kinds[Math.floor(random() * kinds.length)] ?? "before",
    at: 1 + Math.floor(random() * 40),
    takesBack: random() < 0.3,
    hasPerl: random() < 0.6,
  };
}

/** Whatever the fault, the next command makes it right: no job is lost, none runs twice, no lease is missing. */
describe.runIf(isSupported)("a submission that is cut off anywhere", () => {
  test(`seeds ${firstSeed} to ${lastSeed}`, async () => {
    await using fixture = await openFixture(await sharedTestbed());
    await using farm = await temporaryDirectory();
    const withoutPerl = await linkToolsBut("perl", farm.path);
    const waiting = [...seeds];
    const trouble: string[] = [];
    let happened = 0;
    const lane = async () => {
      for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
        const fault = faultOf(seed);
        await trySeed(fixture, fault, withoutPerl).then(
          (hasHappened) => {
            if (hasHappened) happened++;
          },
          (error: unknown) => {
            trouble.push(`seed ${seed} ${JSON.stringify(fault)}: ${String(error)}`);
          },
        );
      }
    };
    await Promise.all([lane(), lane(), lane(), lane()]);
    expect(trouble).toEqual([]);
    expect(happened).toBeGreaterThan(seeds.length / 2); // Else these faults try nothing.
  }, 3_600_000);
});

/** Whether the fault came to pass. */
async function trySeed(fixture: Fixture, fault: Fault, withoutPerl: string): Promise<boolean> {
  await using folder = await temporaryDirectory();
  const experiment = `f-${randomUUID().slice(0, 8)}`;
  const plans = planGraph(fixture, experiment);
  const broken = await breakTools(folder.path, fault);
  const faulty = fixture.with({ PATH: `${broken}:${fault.hasPerl ? searchPath : withoutPerl}` }, (inner) =>
    cutting(inner, fault),
  );
  await faulty.submit(plans).catch((error: unknown) => {
    if (!(isSlipwayError(error) || error === connectionLost)) throw error; // It is explained.
  });
  const isOfConnection = fault.kind === "never" || fault.kind === "unheard";
  const used = Number(await readFile(path.join(folder.path, "count"), "utf8"));
  const handles = fault.takesBack ? await takeBack(fixture, plans) : await fixture.executor.submit(plans);
  expect(await fixture.executor.submit(plans)).toEqual(handles);
  const states = await Promise.all(handles.map(async (handle) => (await fixture.end(handle, 120_000)).state));
  expect(fault.takesBack ? [] : states.filter((state) => state !== "succeeded")).toEqual([]);
  for (const [index, { runDir }] of handles.entries()) {
    const count = await readFile(path.join(runDir, "run/count"), "utf8").catch(() => "");
    // One that had just been let go may have begun when it was taken back.
    const allowed = { succeeded: ["ran\n"], cancelled: ["", "ran\n"] };
    expect(Object.entries(allowed).flatMap(([state, counts]) => (state === states[index] ? counts : []))).toContain(
      count,
    );
  }
  await checkQueue(plans, handles);
  await checkLeases(fixture, { plans, handles });
  return isOfConnection || used >= fault.at;
}

/** What had not begun never does; what had been let go before goes on. */
async function takeBack({ executor }: Fixture, plans: readonly JobPlan[]): Promise<readonly JobHandle[]> {
  const handles = (await executor.takeBack?.(plans)) ?? [];
  expect(handles).toHaveLength(plans.length);
  return handles;
}

function planGraph({ executor, code }: Fixture, experiment: string): readonly JobPlan[] {
  const command = { kind: "argv", argv: ["sh", "-c", 'echo ran >>"$SLIPWAY_RUN_DIR/count"'] } as const;
  const job = { command, resources: {}, env: {} };
  const context = { experiment, code, secrets: { TOKEN: "s3cret" }, comments: [], tryNumber: 1 };
  return [
    executor.plan({ ...job, name: "a", needs: [] }, context),
    executor.plan({ ...job, name: "b", needs: [{ job: "a", type: "ok" }] }, context),
    executor.plan({ ...job, name: "c", needs: [] }, context),
    executor.plan({ ...job, name: "d", needs: [] }, context),
  ];
}

/** Tools that do as they should but once. Their count is kept in a file. */
async function breakTools(directory: string, { kind, at, hasPerl }: Fault): Promise<string> {
  const folder = path.join(directory, "bin");
  await mkdir(folder);
  const shim = path.join(folder, "shim");
  await writeFile(path.join(directory, "count"), "0\n");
  await writeFile(
    shim,
    `#!/bin/sh
PATH=${searchPath}
tool=\${0##*/}
[ "$tool" != perl ] || exec perl -I${folder} -MFaults "$@"
exec 7<${directory}/count
flock 7
read -r count <${directory}/count
count=$((count + 1))
echo $count >${directory}/count
exec 7<&-
[ $count = ${at} ] || exec "$tool" "$@"
cut() { kill -KILL "-$(ps -o pgid= -p $$ | tr -d ' ')"; }
case ${kind}/$tool in
before/*) cut ;;
after/*) "$tool" "$@"; cut ;;
fails/sbatch | fails/squeue | fails/scontrol | fails/scancel)
  echo "$tool: error: Unable to contact slurm controller (connect failure)" >&2
  exit 1 ;;
fails/*) echo "$tool: No space left on device" >&2; exit 1 ;;
lost/*)
  "$tool" "$@" >/dev/null 2>&1
  echo "$tool: error: Socket timed out on send/recv operation" >&2
  exit 1 ;;
esac
exec "$tool" "$@"
`,
  );
  await chmod(shim, 0o755);
  await writeFile(path.join(folder, "Faults.pm"), faultyCalls({ file: path.join(directory, "count"), kind, at }));
  for (const tool of [...tools, ...(hasPerl ? ["perl"] : [])]) await symlink("shim", path.join(folder, tool));
  return folder;
}

/** For perl: calls that do as they should but once. ENOSPC is 28, EIO is 5: errno(3). */
function faultyCalls({
  file,
  kind,
  at,
}: {
  readonly file: string;
  readonly kind: string;
  readonly at: number;
}): string {
  const calls = { mkdir: "_;$", rmdir: "_", unlink: "@", rename: "$$", link: "$$", symlink: "$$", utime: "@" };
  const overrides = Object.entries(calls).map(
    ([call, prototype]) =>
      `*CORE::GLOBAL::${call} = sub (${prototype}) { my @a = @_; faulty(sub { ${callOf(call, prototype)} }) };\n`,
  );
  return `package Faults;
sub faulty {
  my $call = shift;
  open my $lock, "<", "${file}"; flock $lock, 2;
  open my $in, "<", "${file}"; my $count = 1 + <$in>; close $in;
  open my $out, ">", "${file}"; print $out "$count\\n"; close $out;
  close $lock;
  return $call->() if $count != ${at};
  if ("${kind}" eq "before") { kill KILL => -getpgrp }
  if ("${kind}" eq "fails") { $! = 28; return 0 }
  my $done = $call->();
  if ("${kind}" eq "after") { kill KILL => -getpgrp }
  if ("${kind}" eq "lost") { $! = 5; return 0 }
  return $done;
}
BEGIN {
${overrides.join("")}}
1;
`;
}

function callOf(call: string, prototype: string): string {
  if (prototype === "@") return `CORE::${call}(@a)`;
  return prototype === "$$" ? `CORE::${call}($a[0], $a[1])` : `CORE::${call}($a[0])`;
}

const connectionLost = new Error("The connection was lost");

/** The connection goes before anything was sent, or when all was done and nothing was heard. */
function cutting(inner: Transport, { kind }: Fault): Transport {
  let commands = 0;
  return {
    host: inner.host,
    async exec(argv, options) {
      commands++;
      if (commands === 1) return inner.exec(argv, options); // What the cluster is.
      if (kind === "never") throw connectionLost;
      const result = await inner.exec(argv, options);
      if (kind === "unheard") throw connectionLost;
      return result;
    },
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
}

/** Every job of a token but one is cancelled, and that one is the handle's. */
async function checkQueue(plans: readonly JobPlan[], handles: readonly JobHandle[]): Promise<void> {
  const live = await liveJobs(plans);
  const own = handles.map(({ id }) => id.slice(id.lastIndexOf(".") + 1));
  expect(live.filter((id) => !own.includes(id))).toEqual([]);
}

async function liveJobs(plans: readonly JobPlan[]): Promise<readonly string[]> {
  const testbed = await sharedTestbed();
  const { stdout } = await testbed.slurm("squeue", "-h", "-t", "all", "-o", "%F|%T|%k");
  return stdout.split("\n").flatMap((line) => {
    const [id = "", state = "", token = ""] = line.split("|");
    return plans.some((plan) => plan.token === token) && state !== "CANCELLED" ? [id] : [];
  });
}

interface Submitted {
  readonly plans: readonly JobPlan[];
  readonly handles: readonly JobHandle[];
}

async function checkLeases({ jobDir }: Fixture, { plans, handles }: Submitted): Promise<void> {
  const code = path.join(jobDir, "store/code");
  const instances = await readdir(code);
  const leases = (await Promise.all(instances.map((instance) => readdir(path.join(code, instance, "L"))))).flat();
  expect(handles.filter(({ id }) => !leases.includes(`j.${id}`))).toEqual([]);
  expect(plans.filter(({ token }) => leases.includes(`i.${token}`))).toEqual([]);
}

/** Source: mulberry32 of Tommy Ettinger, in the public domain. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
