import { chmod, readdir, readFile, readlink, writeFile } from "node:fs/promises";
import path from "node:path";

import { temporaryDirectory } from "@slipway/testing";
import { sharedTestbed } from "@slipway/testing/testbed";
import { describe, expect, test } from "vitest";

import { openFixture } from "./fixture.ts";
import type { Fixture } from "./fixture.ts";
import { isSupported } from "./testbed.ts";
import { linkToolsBut, noteTools, searchPath } from "./tools.ts";

describe.runIf(isSupported)("a submission", () => {
  test("starts one process for each further job, and few for all of them", async () => {
    await using fixture = await openFixture(await sharedTestbed());
    await using folder = await temporaryDirectory();
    const notes = path.join(folder.path, "notes");
    const tools = await noteTools(path.join(folder.path, "bin"), notes);
    await writeFile(notes, "");
    // None of them begins, which would run tools too.
    const plan = (name: string) => fixture.plan({ name, sbatch: { begin: "now+1hour" } });
    const plans = Array.from({ length: 10 }, (_, index) => plan(`j${index}`));
    await fixture.executor.cancel(await fixture.executor.submit([plan("first")]));
    const other = fixture.with({ PATH: tools });
    await other.cancel(await other.submit([plan("second")])); // It knows by now what lies there.
    await writeFile(notes, "");
    const handles = await other.submit(plans);
    const noted = (await readFile(notes, "utf8")).trim().split("\n");
    await fixture.executor.cancel(handles);
    const asked = Array.from({ length: 10 }, () => "sbatch");
    expect(noted.toSorted()).toEqual(["gzip", "perl", ...asked, "scontrol", "sh", "sh", "sha256sum", "sha256sum"]);
  });

  test.each(["none", "broken"])("where perl is %s does the same by other tools", async (perl) => {
    await using fixture = await openFixture(await sharedTestbed());
    await using folder = await temporaryDirectory();
    const tools = await linkToolsBut("perl", folder.path);
    if (perl === "broken") {
      // Not for the jobs: what starts their commands is perl too.
      const script = `#!/bin/sh\nif [ "$1" = -e ]; then echo cannot load libperl.so >&2; exit 127; fi\n`;
      await writeFile(path.join(tools, "perl"), `${script}PATH=${searchPath}\nexec perl "$@"\n`);
      await chmod(path.join(tools, "perl"), 0o755);
    }
    const plans = ["a", "b", "c"].map((name) => fixture.plan({ name, sh: 'echo ran >>"$SLIPWAY_RUN_DIR/count"' }));
    const handles = await fixture.with({ PATH: tools }).submit(plans);
    const ended = await Promise.all(handles.map((handle) => fixture.end(handle)));
    expect(ended.map(({ state }) => state)).toEqual(["succeeded", "succeeded", "succeeded"]);
    const counts = handles.map(({ runDir }) => readFile(path.join(runDir, "run/count"), "utf8"));
    expect(await Promise.all(counts)).toEqual(["ran\n", "ran\n", "ran\n"]);
    expect(await leases(fixture)).toEqual(handles.map(({ id }) => `j.${id}`).toSorted());
  });

  test("of many jobs, one of which Slurm refuses, starts none and leaves nothing", async () => {
    await using fixture = await openFixture(await sharedTestbed());
    const plans = Array.from({ length: 7 }, (_, index) =>
      fixture.plan({ name: `j${index}`, resources: index === 4 ? { partition: "nowhere" } : {} }),
    );
    await expect(fixture.executor.submit(plans)).rejects.toMatchObject({
      code: "EXECUTOR_SLURM_REFUSED",
      message: "Slurm on local refused job j4: Invalid partition name specified",
    });
    const { stdout } = await (await sharedTestbed()).slurm("squeue", "-h", "-t", "all", "-o", "%j %T");
    const states = stdout.split("\n").filter((line) => line.startsWith(fixture.experiment));
    expect([...new Set(states.map((line) => line.split(" ")[1]))]).toEqual(["CANCELLED"]);
    expect([await leases(fixture), await readdir(path.join(fixture.jobDir, "runs"))]).toEqual([[], []]);
  });

  test("whose code was damaged by hand takes another copy of it", async () => {
    await using fixture = await openFixture(await sharedTestbed());
    const plan = fixture.plan({ sh: "cat slipway-contract.txt" });
    const damaged = path.dirname(plan.code.directory);
    await chmod(path.join(damaged, "manifest"), 0o644);
    await writeFile(path.join(damaged, "manifest"), "damaged");
    const { directory } = await fixture.executor.stage(fixture.bundle);
    const [handle] = await fixture.executor.submit([plan]);
    if (!handle) throw new Error("No handle");
    await fixture.end(handle);
    expect(await fixture.log(handle)).toBe("code that is staged\n");
    expect(path.resolve(handle.runDir, await readlink(path.join(handle.runDir, "code")))).toBe(directory);
    expect([await readdir(path.join(damaged, "L")), await leases(fixture)]).toEqual([[], [`j.${handle.id}`]]);
  });
});

/** The leases of all instances. */
async function leases({ jobDir }: Fixture): Promise<readonly string[]> {
  const code = path.join(jobDir, "store/code");
  const instances = await readdir(code);
  return (await Promise.all(instances.map((instance) => readdir(path.join(code, instance, "L"))))).flat().toSorted();
}
