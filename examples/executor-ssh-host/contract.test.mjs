// @ts-check
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { env } from "node:process";
import { test } from "node:test";

import { packBundle } from "@slipway/packager";
import { executorContract, executorContractFiles, gitRepository } from "@slipway/testing";
import { openLocalTransport } from "@slipway/transport-local";

import definition from "./index.mjs";

for (const { name, run } of executorContract) void test(name, () => run(open));

async function open() {
  const folder = await mkdtemp(path.join(tmpdir(), "executor-ssh-host-"));
  const repository = await gitRepository(path.join(folder, "repository"), { files: executorContractFiles });
  const transport = openLocalTransport({ env });
  const executor = await definition.create({
    cluster: "workstation",
    options: { nice: 0, grace_seconds: 10 },
    jobDir: path.join(folder, "jobs"),
    cacheDirectory: path.join(folder, "cache"),
    env,
    transport,
  });
  const bundle = await packBundle({ cwd: repository.path, env });
  return {
    executor,
    bundle,
    async [Symbol.asyncDispose]() {
      await transport[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
