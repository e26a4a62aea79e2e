// Brings a fresh clone to where its tools can run: the pinned pnpm (in a folder of its own, nothing global), then the locked dependencies.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const pnpmFolder = path.join(root, "tools", ".pnpm");
const stampFile = path.join(root, "node_modules", ".slipway-installed");
const { packageManager } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));

/** The environment for the tools: the pinned pnpm and the workspace's binaries come first on PATH. */
function toolEnvironment() {
  const bins = [path.join(root, "node_modules", ".bin"), path.join(pnpmFolder, "node_modules", ".bin")];
  return {
    ...process.env,
    PATH: [...bins, process.env["PATH"] ?? ""].join(path.delimiter),
    TURBO_TELEMETRY_DISABLED: "1",
    DO_NOT_TRACK: "1",
  };
}

/** Runs a tool, showing its output; ends this process with the tool's exit code when it fails. */
export function run(command, args, options = {}) {
  const exitCode = runForExitCode(command, args, options);
  if (exitCode !== 0) process.exit(exitCode);
}

export function runForExitCode(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, env: toolEnvironment(), stdio: "inherit", ...options });
  if (result.error) throw result.error;
  return result.status ?? 1;
}

export function installDependencies() {
  const stamp = wantedStamp();
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) return;
  if (!existsSync(path.join(pnpmFolder, "node_modules", ".bin", "pnpm"))) {
    mkdirSync(pnpmFolder, { recursive: true });
    writeFileSync(path.join(pnpmFolder, "package.json"), '{ "private": true }\n');
    run("npm", ["install", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", packageManager], {
      cwd: pnpmFolder,
      stdio: ["ignore", "ignore", "inherit"],
    });
  }
  run("pnpm", ["install", "--frozen-lockfile", "--prefer-offline", "--reporter=append-only"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  writeFileSync(stampFile, wantedStamp());
}

/** Changes whenever what should be installed changes: the lock file or any manifest. */
function wantedStamp() {
  const manifests = ["packages", "apps"].flatMap((folder) =>
    readdirSync(path.join(root, folder)).map((name) => path.join(root, folder, name, "package.json")),
  );
  const hash = createHash("sha256").update(process.version);
  for (const file of ["package.json", "pnpm-workspace.yaml", "pnpm-lock.yaml"]
    .map((name) => path.join(root, name))
    .concat(manifests)) {
    if (existsSync(file)) hash.update(readFileSync(file)).update("\0");
  }
  return hash.digest("hex");
}
