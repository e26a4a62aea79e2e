import { temporaryDirectory } from "@slipway/testing";
import { expect, test } from "vitest";

import { renderListings } from "../src/index.ts";
import { localTransport, withoutPerl } from "./transports.ts";

const first = {
  perl: String.raw`mkdir "it's made"; section("FIRST", "a\n");`,
  shell: `mkdir "it's made"; say FIRST; echo a`,
};
const second = {
  perl: String.raw`my ($name) = @ARGV; section("SECOND", (-d $name ? "seen" : "missed") . "\n");`,
  shell: `say SECOND; if [ -d "$name" ]; then echo seen; else echo missed; fi`,
};

test.each([
  ["with Perl", localTransport()],
  ["without", withoutPerl(localTransport())],
] as const)(
  "a listing looks when the one before it has done so, and has the caller's words, %s",
  async (_, transport) => {
    await using folder = await temporaryDirectory();
    await using host = transport;
    const script = `
tag=$1 name=$2
cd "$3"
say() { printf "\\n%s %s\\n" "$tag" "$*"; }
${renderListings([first, second], '"$name"')}
`;
    const { stdout, exitCode } = await host.exec(["sh", "-c", script, "sh", "TAG", "it's made", folder.path]);
    expect([Buffer.from(stdout).toString(), exitCode]).toEqual(["\nTAG FIRST\na\n\nTAG SECOND\nseen\n", 0]);
  },
);
