// npm run testbed [-- --two-factor] [-- --no-accounting]: a private Slurm cluster on this machine, until Ctrl-C. Needs root on Debian, or what the README of testing says.
import process from "node:process";

import { installDependencies, run } from "./dependencies.mjs";

const known = ["--two-factor", "--no-accounting"];
const unknown = process.argv.slice(2).filter((argument) => !known.includes(argument));
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(" ")}; there are ${known.join(" and ")}`);
  process.exit(2);
}
installDependencies();
run("turbo", ["run", "build", "--filter=@slipway/testing", "--output-logs=errors-only"], {
  stdio: ["ignore", "ignore", "inherit"],
});
const { startTestbed, testbedSupport } = await import("../packages/testing/dist/testbed.js");

const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(name, () => stop.abort());

const support = await testbedSupport({ onEvent: show, signal: stop.signal });
if (!support.available) {
  console.error(`No testbed can be started here: ${support.why}`);
  process.exit(1);
}
const options = {
  accounting: !process.argv.includes("--no-accounting"),
  twoFactor: process.argv.includes("--two-factor"),
  signal: stop.signal,
  onEvent: show,
};
const testbed = await startTestbed(options).catch((error) => {
  if (!stop.signal.aborted) throw error;
  process.exit(130);
});
const { host, identityFile, knownHostsFile, port, user, verificationCode } = testbed.ssh;
console.log(`
cluster ${testbed.clusterName}, partitions ${testbed.partitions.join(", ")}, nodes ${testbed.nodes.join(", ")}; logs in ${testbed.directory}/logs

log in:      ssh -F none -p ${port} -i ${identityFile} -o UserKnownHostsFile=${knownHostsFile} ${user}@${host}${
  verificationCode ? `\nthe code:    ${verificationCode}` : ""
}
as root:     export SLURM_CONF=${testbed.slurmConf}
             sinfo

Ctrl-C stops it.`);
// Timers keep the process; an unsettled promise does not.
const idle = setInterval(() => {}, 1 << 30);
if (!stop.signal.aborted) await new Promise((resolve) => stop.signal.addEventListener("abort", resolve));
clearInterval(idle);
await testbed[Symbol.asyncDispose]();
console.log("stopped");

function show(event) {
  if (event.type === "testing.installing") console.log(`installing ${event.packages.join(", ")}`);
  if (event.type === "testing.removed_abandoned") console.log(`removed ${event.directory}, whose starter was killed`);
  if (event.type === "testing.started") console.log(`started ${event.daemon}`);
}
