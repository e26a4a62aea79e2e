// node bench/delay.mjs PORT DELAY_MS: a port of its own, printed, that leads to PORT of this machine; every byte comes so much later, each way.
import { createServer, connect } from "node:net";
import process from "node:process";

const [port, delayMs] = process.argv.slice(2).map(Number);

const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
  const far = connect({ host: "127.0.0.1", port, allowHalfOpen: true, noDelay: true });
  pass(near, far);
  pass(far, near);
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));

/** Timers of one length end in the order they began in: bytes stay in theirs. */
function pass(from, to) {
  const later = (act) => setTimeout(() => to.destroyed || act(), delayMs);
  from.on("data", (bytes) => later(() => to.write(bytes)));
  from.on("end", () => later(() => to.end()));
  from.on("error", () => to.destroy());
  from.on("close", () => later(() => to.destroy()));
}
