import { randomBytes } from "node:crypto";

import type { CallOptions } from "@slipway/core";

import { askHost } from "./answer.ts";
import type { CodeStore, CodeStoreOptions } from "./code-store.ts";
import { parseContents } from "./contents.ts";
import { StoreError } from "./error.ts";
import { describeProblems, isAbsent, throwFailure } from "./failure.ts";
import { examineStore } from "./health/examine.ts";
import { planRepair } from "./health/repair.ts";
import { digestOfInstance, parseInstances } from "./instances.ts";
import { parseLeases, parseLeftovers } from "./leases.ts";
import { openManifestCache } from "./manifest-cache.ts";
import { checkName } from "./names.ts";
import { stageBundle, takeBack } from "./stage.ts";
import { applySteps } from "./steps.ts";
import type { StepResult, StoreStep } from "./steps.ts";

/** The code store below a root directory of the transport's host. Opens nothing; the transport stays the caller's. */
export function createCodeStore(options: CodeStoreOptions): CodeStore {
  const { transport, root, clusterName, nonce = randomNonce, onEvent } = options;
  if (!root.startsWith("/") || root.includes("\0")) {
    throw new StoreError(
      "STORE_ROOT_NOT_ABSOLUTE",
      `The store's root is ${JSON.stringify(root)}, not an absolute path`,
      {
        hint: "Give job_dir from the top: /home/alice/slipway.",
      },
    );
  }
  checkName("cluster", clusterName);
  const place = { host: transport.host, root };
  const cache = openManifestCache(options.cacheDirectory);
  const context = { transport, place, clusterName, nonce, cache, onEvent };

  async function takeStep(step: StoreStep, { signal }: CallOptions = {}): Promise<StepResult> {
    const [result] = await applySteps([step], { ...context, signal });
    if (result === undefined) throw new Error(`The step ${step.step} had no result`);
    return result;
  }

  const store: CodeStore = {
    stage: (bundle, stageOptions = {}) => stageBundle(bundle, { ...context, ...stageOptions }),

    async contents({ signal } = {}) {
      const answer = await askHost(transport, "contents", [root, clusterName], { signal });
      if (isAbsent(answer)) return { instances: [], leftovers: [] };
      throwFailure(answer, place);
      const told = answer.lines.find(({ word }) => word === "CONTENTS");
      return parseContents(told?.below ?? [], root);
    },

    async list({ signal } = {}) {
      const answer = await askHost(transport, "list", [root], { signal });
      if (isAbsent(answer)) return [];
      throwFailure(answer, place);
      return parseInstances(answer, root);
    },

    async listLeases({ instance, signal } = {}) {
      const only = instance === undefined ? "" : checkName("instance", instance);
      const answer = await askHost(transport, "leases", [root, clusterName, only], { signal });
      if (isAbsent(answer)) return [];
      throwFailure(answer, place);
      return parseLeases(answer);
    },

    async listLeftovers({ signal } = {}) {
      const answer = await askHost(transport, "leftovers", [root, clusterName], { signal });
      if (isAbsent(answer)) return [];
      throwFailure(answer, place);
      return parseLeftovers(answer);
    },

    apply: (steps, { signal } = {}) => applySteps(steps, { ...context, signal }),
    releaseIntent: (instance, token, callOptions) => takeStep({ step: "revoke", instance, token }, callOptions),
    pin: (instance, experiment, callOptions) => takeStep({ step: "pin", instance, experiment }, callOptions),
    unpin: (instance, experiment, callOptions) => takeStep({ step: "unpin", instance, experiment }, callOptions),
    takeBackFromTrash: (digest, stageOptions = {}) => takeBack(digest, { ...context, ...stageOptions }),

    examine: (examineOptions = {}) => examineStore({ ...context, ...examineOptions }),

    async repair(examineOptions = {}) {
      const health = await examineStore({ ...context, ...examineOptions });
      const findings = health ? planRepair(health, { clusterName }) : [];
      const { signal } = examineOptions;
      const results = await applySteps(
        findings.flatMap(({ steps }) => steps),
        { ...context, signal },
      );
      let taken = 0;
      return findings.map((finding) => {
        taken += finding.steps.length;
        return { ...finding, results: results.slice(taken - finding.steps.length, taken) };
      });
    },

    async verify(instance, { signal } = {}) {
      const answer = digestOfInstance(instance) && (await askHost(transport, "verify", [root, instance], { signal }));
      if (!answer || isAbsent(answer)) {
        throw new StoreError(
          "STORE_INSTANCE_NOT_FOUND",
          `There is no instance ${instance} in ${root}/store on ${place.host}`,
        );
      }
      throwFailure(answer, place);
      return describeProblems(answer);
    },
  };
  return store;
}

function randomNonce(): string {
  return randomBytes(8).toString("hex");
}
