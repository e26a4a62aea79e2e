import { askHost } from "../answer.ts";
import type { Answer } from "../answer.ts";
import type { StoredInstance } from "../code-store.ts";
import { describeProblem, isAbsent, throwFailure } from "../failure.ts";
import { parseInstance } from "../instances.ts";
import { parseLeftovers } from "../leases.ts";
import type { Leftover } from "../leases.ts";
import type { StoreContext } from "../stage.ts";

/** What there is in a store, and what is wrong with it. */
export interface StoreHealth {
  readonly host: string;
  /** The store's folder, absolute. */
  readonly directory: string;
  /** What layout.json says, as it stands there; absent without one. */
  readonly layout?: string;
  readonly instances: readonly ExaminedInstance[];
  readonly leftovers: readonly Leftover[];
  /** Paths below the store that nobody of slipway's made. Untrusted text. */
  readonly strangers: readonly string[];
  /** Folders of a store that are missing: `code`, `trash`. */
  readonly missing: readonly string[];
}

export interface ExaminedInstance extends StoredInstance {
  /** How many need it. */
  readonly leases: number;
  /** What is wrong with it, in words. */
  readonly problems: readonly string[];
}

export interface ExamineOptions {
  /** Reads all code and compares it with the manifests; else only what can be seen without reading it. */
  readonly deep?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

type ExamineContext = Pick<StoreContext, "transport" | "place"> & ExamineOptions;

/** One command, whatever there is; undefined when there is no store. Changes nothing. */
export async function examineStore(context: ExamineContext): Promise<StoreHealth | undefined> {
  const { transport, place, deep = false, signal } = context;
  const answer = await askHost(transport, "examination", [place.root, deep ? "deep" : ""], { signal });
  if (isAbsent(answer)) return undefined;
  throwFailure(answer, place);
  const said = (word: string) => answer.lines.filter((line) => line.word === word).map(({ rest }) => rest);
  const [layout] = said("LAYOUT");
  return {
    host: place.host,
    directory: `${place.root === "/" ? "" : place.root}/store`,
    ...(layout !== undefined && { layout }),
    instances: parseExamined(answer, place.root),
    leftovers: parseLeftovers(answer),
    strangers: said("STRANGER"),
    missing: said("WRONG").flatMap((rest) => (rest === "layout.json missing" ? [] : [rest.split(" ", 1)[0] ?? ""])),
  };
}

function parseExamined({ lines }: Answer, root: string): readonly ExaminedInstance[] {
  const examined: ExaminedInstance[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.word !== "INSTANCE") continue;
    const [instance = "", state = "", leases = "0", ...header] = line.rest.split(" ");
    const stored = parseInstance([instance, state, ...header].join(" "), root);
    const next = lines.findIndex(({ word }, other) => other > index && word !== "BAD");
    const problems = lines.slice(index + 1, next === -1 ? undefined : next).map(({ rest }) => describeProblem(rest));
    if (stored) examined.push({ ...stored, leases: Number(leases), problems });
  }
  return examined;
}
