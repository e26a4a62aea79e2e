import { callFunctions, submitFunctions as leasing } from "@slipway/store";

import { askSteps } from "./ask-steps.ts";
import { shareText } from "./shared-text.ts";
import { submitSteps } from "./submit-steps.ts";
import { trySteps } from "./try-steps.ts";

/** Where a server makes the calls. */
const calling = `if [ -n "$calls" ]; then\n${callFunctions.trim()}\nfi\n`;

/** What all submissions do, as functions: the same text for each, and read for each, so without comments. */
export const submitFunctions = shareText(
  `${leasing}${calling}${submitSteps}${askSteps}${trySteps}`.replaceAll(/^ *(?:# .*)?\n/gm, ""),
);
