import process from "node:process";
// Uses the companion: code that is no part of this repository's own, and always comes along.
import { pathToFileURL } from "node:url";

const { greet } = await import(pathToFileURL(`${process.env.SLIPWAY_CODE_DIR}/greetings/greet.mjs`).href);
console.log(greet(process.env.SLIPWAY_EXPERIMENT));
