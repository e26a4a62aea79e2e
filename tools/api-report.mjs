// Each package's public API as a text beside it (api.md): a change of it is seen in review. With --write the texts are brought up to date.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";

import { Extractor, ExtractorConfig } from "@microsoft/api-extractor";

import { root } from "./dependencies.mjs";

const write = process.argv.includes("--write");
const work = mkdtempSync(path.join(tmpdir(), "slipway-api-"));
const outdated = [];
for (const name of readdirSync(path.join(root, "packages"))) {
  const text = reportOf(path.join(root, "packages", name));
  const file = path.join(root, "packages", name, "api.md");
  if (existsSync(file) && readFileSync(file, "utf8") === text) continue;
  if (write) writeFileSync(file, text);
  else outdated.push(path.relative(root, file));
}
rmSync(work, { recursive: true, force: true });
for (const file of outdated) console.error(`${file} does not show the API as it is`);
process.exit(outdated.length === 0 ? 0 : 1);

function reportOf(folder) {
  const name = path.basename(folder);
  const configObject = {
    projectFolder: folder,
    mainEntryPointFilePath: path.join(folder, "dist/index.d.ts"),
    newlineKind: "lf",
    compiler: { tsconfigFilePath: path.join(folder, "tsconfig.json"), skipLibCheck: true },
    apiReport: { enabled: true, reportFolder: work, reportTempFolder: work, reportFileName: `${name}.api.md` },
    docModel: { enabled: false },
    dtsRollup: { enabled: false },
    tsdocMetadata: { enabled: false },
    messages: {
      compilerMessageReporting: { default: { logLevel: "none" } },
      extractorMessageReporting: { default: { logLevel: "none" } },
      tsdocMessageReporting: { default: { logLevel: "none" } },
    },
  };
  const config = ExtractorConfig.prepare({
    configObject,
    configObjectFullPath: undefined,
    packageJsonFullPath: path.join(folder, "package.json"),
  });
  const result = Extractor.invoke(config, { localBuild: true, messageCallback: quiet });
  if (result.errorCount > 0) throw new Error(`The API of ${name} could not be read`);
  return readFileSync(path.join(work, `${name}.api.md`), "utf8");
}

function quiet(message) {
  if (message.logLevel !== "error") message.handled = true;
}
