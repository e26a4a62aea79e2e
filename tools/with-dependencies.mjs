// node tools/with-dependencies.mjs COMMAND [ARG...]: installs what is missing, then runs one of the workspace's tools.
import process from "node:process";

import { installDependencies, run } from "./dependencies.mjs";

const [command, ...args] = process.argv.slice(2);
installDependencies();
run(command, args);
