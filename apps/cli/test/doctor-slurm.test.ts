import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

import { testbedSupport } from "@slipway/testing/testbed";
import { expect, test } from "vitest";

import { machine } from "./slipway.ts";

const support = await testbedSupport(); // The testbed brings Slurm's programs.

test.skipIf(!support.available)(
  "doctor says what keeps sbatch from running where Slurm has no configuration",
  async () => {
    await using m = await machine();
    await mkdir(path.join(m.folder, "cluster_configs"));
    const file = path.join(m.folder, "cluster_configs", "c.yaml");
    await writeFile(file, `executor: slurm\njob_dir: ${JSON.stringify(path.join(m.folder, "jobs"))}\n`);
    const checks = await m.json<readonly { readonly what: string }[]>(m.folder, "doctor", "--cluster", "c");
    expect(checks.find(({ what }) => what === "Slurm")).toEqual({
      what: "Slurm",
      result: "wrong",
      seen: expect.stringMatching(/^sbatch does not run there: sbatch: fatal: /),
      mend: "Is it a login node? Name one with ssh_tunnel.host, or set pre_command: export SLURM_CONF=/path",
    });
  },
);
