import { chown, mkdir } from "node:fs/promises";

import { outputOf, runCommand } from "./command.ts";
import { withLock } from "./lock.ts";

export interface TestbedUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** An unprivileged user with an empty home folder. The password `*` fits nothing, yet does not lock keys out as `!` does (sshd(8)). */
export async function createUser(name: string, home: string, signal?: AbortSignal): Promise<TestbedUser> {
  const options = ["--no-create-home", "--home-dir", home, "--shell", "/bin/bash", "--user-group", "--password", "*"];
  await withLock("users", () => outputOf(["useradd", ...options, name]), signal);
  const [uid, gid] = (await outputOf(["getent", "passwd", name])).split(":").slice(2, 4).map(Number);
  if (uid === undefined || gid === undefined) throw new Error(`getent passwd ${name} gave no ids`);
  await mkdir(home, { mode: 0o700 });
  await chown(home, uid, gid);
  return { name, uid, gid, home };
}

export async function findUserId(name: string): Promise<number | undefined> {
  const { exitCode, stdout } = await runCommand(["getent", "passwd", name]);
  return exitCode === 0 ? Number(stdout.split(":")[2]) : undefined;
}

export async function removeUser(name: string): Promise<void> {
  await withLock("users", async () => {
    if ((await findUserId(name)) !== undefined) await outputOf(["userdel", name]);
  });
}
