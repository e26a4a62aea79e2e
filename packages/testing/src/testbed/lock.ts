import { createServer } from "node:net";
import type { Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Runs alone among all processes of this machine that use the same name. The lock is an abstract unix socket (unix(7)):
 * the kernel frees it when its holder dies, so no lock is ever left behind.
 */
export async function withLock<T>(name: string, use: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (;;) {
    signal?.throwIfAborted();
    const server = await listen(`\0slipway-testbed-${name}`);
    if (server === undefined) {
      await sleep(50);
      continue;
    }
    try {
      return await use();
    } finally {
      await new Promise<void>((resolve) => server.close(() => resolve()));
    }
  }
}

function listen(address: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((connection) => connection.destroy());
    server.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(undefined) : reject(error),
    );
    server.listen(address, () => resolve(server));
  });
}
