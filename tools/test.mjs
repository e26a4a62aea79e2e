// npm test: installs what is missing, builds, runs all tests. The last line is `N passed, N failed[, N skipped]`.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";

import { installDependencies, runForExitCode } from "./dependencies.mjs";

installDependencies();
const buildExitCode = runForExitCode("turbo", ["run", "build", "--output-logs=errors-only"], {
  stdio: ["ignore", "ignore", "inherit"],
});
if (buildExitCode !== 0) {
  runForExitCode("turbo", ["run", "build", "--output-logs=errors-only"]);
  finish({ passed: 0, failed: 1, skipped: 0 }, buildExitCode);
}

const folder = mkdtempSync(path.join(tmpdir(), "slipway-test-report-"));
const report = path.join(folder, "report.json");
const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
const exitCode = runForExitCode("vitest", ["run", ...reporters, ...process.argv.slice(2)], {
  stdio: ["ignore", "inherit", "inherit"],
});
const counts = readCounts(report);
rmSync(folder, { recursive: true, force: true });
finish(counts, exitCode);

function readCounts(file) {
  const { testResults } = JSON.parse(readFileSync(file, "utf8"));
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const withStatus = (...statuses) => tests.filter(({ status }) => statuses.includes(status)).length;
  // A file that could not be loaded has no tests of its own to fail.
  const unloadable = testResults.filter(
    ({ status, assertionResults }) => status === "failed" && assertionResults.length === 0,
  );
  return {
    passed: withStatus("passed"),
    failed: withStatus("failed") + unloadable.length,
    skipped: withStatus("skipped", "pending", "todo", "disabled"),
  };
}

function finish({ passed, failed, skipped }, code) {
  const failures = code !== 0 && failed === 0 ? 1 : failed; // An error outside of every test is a failure too.
  console.log(`${passed} passed, ${failures} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  process.exit(code === 0 && failures > 0 ? 1 : code);
}
