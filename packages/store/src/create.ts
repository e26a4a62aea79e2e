import { randomBytes } from "node:crypto";

import { isDigest } from "@slipway/core";

import { askHost } from "./answer.ts";
import type { Answer } from "./answer.ts";
import type { CodeStore, CodeStoreOptions } from "./code-store.ts";
import { StoreError } from "./error.ts";
import { describeProblems, isAbsent, throwFailure } from "./failure.ts";
import { digestOfInstance, instanceDirectory, parseInstances } from "./instances.ts";
import { checkPaths, countTopNames } from "./paths.ts";
import { countBytes } from "./stream.ts";

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
  const place = { host: transport.host, root };
  const layout = JSON.stringify({ version: 1, clusterName });

  const store: CodeStore = {
    async stage(bundle, { signal } = {}) {
      const { digest, manifest } = bundle;
      if (!isDigest(digest)) throw new RangeError(`Not a digest: ${JSON.stringify(digest)}`);
      const top = String(countTopNames(manifest));
      const found = await askHost(transport, "find", [root, nonce(), layout, digest, top], { signal });
      throwFailure(found, place);
      for (const { instance, problem } of damagedIn(found))
        onEvent?.({ type: "store.damaged", digest, instance, problem });
      const present = instanceIn(found);
      if (present !== undefined) {
        onEvent?.({ type: "store.reused", digest, instance: present });
        return {
          digest,
          instance: present,
          directory: instanceDirectory(root, present),
          uploadedBytes: 0,
          reused: true,
        };
      }

      checkPaths(manifest);
      signal?.throwIfAborted();
      onEvent?.({ type: "store.uploading", digest, files: manifest.files, bytes: manifest.bytes });
      const tar = countBytes(bundle.tar({ prefix: "tree", readOnly: true, manifestName: "manifest", signal }));
      const uploaded = await askHost(transport, "upload", [root, nonce(), layout, digest], {
        signal,
        stdin: tar.stream,
      });
      throwFailure(uploaded, place);
      const instance = instanceIn(uploaded);
      if (instance === undefined) throw new Error(`The upload of ${digest} did not tell its instance`);
      const uploadedBytes = tar.bytes();
      onEvent?.({ type: "store.staged", digest, instance, uploadedBytes });
      return { digest, instance, directory: instanceDirectory(root, instance), uploadedBytes, reused: false };
    },

    async list({ signal } = {}) {
      const answer = await askHost(transport, "list", [root], { signal });
      if (isAbsent(answer)) return [];
      throwFailure(answer, place);
      return parseInstances(answer, root);
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

function instanceIn({ lines }: Answer): string | undefined {
  const name = lines.find(({ word }) => word === "HAVE")?.rest;
  return name !== undefined && digestOfInstance(name) !== undefined ? name : undefined;
}

function damagedIn({ lines }: Answer): readonly { readonly instance: string; readonly problem: string }[] {
  return lines
    .filter(({ word }) => word === "DAMAGED")
    .map(({ rest }) => ({ instance: rest.split(" ", 1)[0] ?? "", problem: rest.slice(rest.indexOf(" ") + 1) }));
}
