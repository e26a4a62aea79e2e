// Stands in for a training script: its arguments, its environment and its output are what matters here.
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

const steps = Number(process.argv[process.argv.indexOf("--steps") + 1]);
let loss = 1;
for (let step = 1; step <= steps; step++) {
  await sleep(200);
  loss *= 1 - Number(process.env.LEARNING_RATE);
  console.log(`step ${step} of ${steps}: loss ${loss.toFixed(3)}`);
}
