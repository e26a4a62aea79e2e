import { execFile } from "node:child_process";
import { chown, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

import { debianPrograms, sharedTestbed } from "@slipway/testing/testbed";
import type { TestbedSsh } from "@slipway/testing/testbed";

const exec = promisify(execFile);

export interface Podman {
  /** An image that the cluster's user has, with a small Unix in it. */
  readonly image: string;
  /** Runs podman as the cluster's user. */
  readonly podman: (...args: readonly string[]) => Promise<string>;
}

/** Podman as people without rights have it on a node; why not, where it can't run containers. */
export async function startPodman(): Promise<Podman | { readonly why: string }> {
  const missing = await debianPrograms({
    podman: "podman",
    runc: "runc",
    newuidmap: "uidmap",
    "fuse-overlayfs": "fuse-overlayfs",
    busybox: "busybox",
  });
  if (missing !== undefined) return { why: missing };
  const testbed = await sharedTestbed();
  const podman = async (...args: readonly string[]) => {
    const { exitCode, stdout, stderr } = await testbed.asUser("podman", ...args);
    if (exitCode !== 0) throw new Error(`podman ${args.join(" ")}: ${stderr}`);
    return stdout;
  };
  try {
    await writeSettings(testbed.ssh);
    const archive = await makeImage(testbed.ssh.home);
    const image = "localhost/small:1";
    await podman("import", archive, image);
    await podman("run", "--rm", "--network=host", "--userns=keep-id", image, "/bin/true");
    return { image, podman };
  } catch (error) {
    return { why: String(error instanceof Error ? error.message : error) };
  }
}

/** For a machine without systemd and with both kinds of control groups: containers.conf(5), containers-storage.conf(5). */
async function writeSettings({ home, uid, gid }: TestbedSsh): Promise<void> {
  const folder = path.join(home, ".config", "containers");
  await mkdir(folder, { recursive: true });
  const limits = 'default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]';
  const engine = 'runtime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"';
  await writeFile(path.join(folder, "containers.conf"), `[containers]\n${limits}\n[engine]\n${engine}\n`);
  await writeFile(path.join(folder, "storage.conf"), '[storage]\ndriver = "vfs"\n');
  for (const owned of [path.join(home, ".config"), folder]) await chown(owned, uid, gid);
}

/** A tar with busybox, what it is linked with, and its tools. */
async function makeImage(home: string): Promise<string> {
  const script = `
set -e
root=$(mktemp -d)
chmod 755 "$root"
mkdir -p "$root/bin" "$root/tmp"
busybox=$(command -v busybox)
cp -L "$busybox" "$root/bin/busybox"
for library in $(ldd "$busybox" 2>/dev/null | grep -o '/[^ ]*' || true); do
  mkdir -p "$root\${library%/*}"
  cp -L "$library" "$root$library"
done
for tool in sh cat ls id env touch sleep true; do ln -s busybox "$root/bin/$tool"; done
tar -C "$root" -cf "$1" .
rm -rf "$root"
chmod a+r "$1"
`;
  const archive = path.join(home, "small.tar");
  await exec("sh", ["-c", script, "sh", archive]);
  return archive;
}
