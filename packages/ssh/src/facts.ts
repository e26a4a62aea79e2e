import { access, readFile } from "node:fs/promises";

import type { TransportFacts } from "./choose.ts";
import type { HostConfig } from "./config/host-config.ts";
import type { SshOptions } from "./destination.ts";
import { isKnownByAuthorityOnly } from "./host-key.ts";
import { whyUnreadable } from "./key-format.ts";
import { findSharedConnection } from "./openssh/control.ts";
import { readKnownHosts } from "./trust.ts";

export interface GatherOptions extends SshOptions {
  readonly config: HostConfig;
  readonly hasOpenSsh: boolean;
}

/** Looks at what `chooseTransport` decides by. */
export async function gatherTransportFacts(options: GatherOptions): Promise<TransportFacts> {
  const { config, hasOpenSsh, transport = "auto" } = options;
  const isOpen = hasOpenSsh && transport !== "ssh2";
  const [sharedConnection, certificateFile, keys, knownHosts] = await Promise.all([
    isOpen ? findSharedConnection(config, options) : undefined,
    firstThere([...config.certificateFiles, ...config.identityFiles.map((file) => `${file}-cert.pub`)]),
    readKeyFormats(config.identityFiles),
    readKnownHosts(config.knownHostsFiles),
  ]);
  return {
    requested: transport,
    hasOpenSsh,
    sharedConnection,
    certificateFile,
    usesPkcs11: config.usesPkcs11,
    usesKnownHostsCommand: config.usesKnownHostsCommand,
    isKnownByAuthorityOnly: isKnownByAuthorityOnly(config.hostKeyName, config.port, knownHosts),
    keys,
  };
}

async function readKeyFormats(files: readonly string[]): Promise<TransportFacts["keys"]> {
  const keys = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(file, "latin1").catch(() => undefined); // Not there, or not for us.
      if (text === undefined) return [];
      const unreadableBecause = whyUnreadable(text);
      return [{ file, ...(unreadableBecause !== undefined && { unreadableBecause }) }];
    }),
  );
  return keys.flat();
}

async function firstThere(files: readonly string[]): Promise<string | undefined> {
  for (const file of files) {
    const isThere = await access(file).then(
      () => true,
      () => false,
    );
    if (isThere) return file;
  }
  return undefined;
}
