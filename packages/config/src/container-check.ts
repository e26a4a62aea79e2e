import type { ConfigDocument } from "./document.ts";
import { isMapping, suggest } from "./problem.ts";
import type { Path, Problem } from "./problem.ts";

/** A name, and not a path, a file or an image of a registry. */
const plainName = /^[A-Za-z0-9_-]+$/;

/** Containers that a job asks for by a name which its cluster does not have. Nothing is asked of a cluster that names none. */
export function checkContainers(document: ConfigDocument, known: readonly string[] | undefined): readonly Problem[] {
  if (known === undefined || known.length === 0) return [];
  return containerPaths(document.value).flatMap((path): readonly Problem[] => {
    const name = document.text(path);
    if (name === undefined || !plainName.test(name) || known.includes(name)) return [];
    const hint = suggest(name, known, "its containers are");
    return [{ path, message: `the cluster has no container ${JSON.stringify(name)}`, hint }];
  });
}

function containerPaths(value: unknown): readonly Path[] {
  if (!isMapping(value)) return [];
  const jobs = isMapping(value["jobs"]) ? value["jobs"] : {};
  return [
    ["defaults", "container"],
    ...Object.entries(jobs).flatMap(([name, job]): readonly Path[] => {
      const group = isMapping(job) && isMapping(job["group"]) ? Object.keys(job["group"]) : [];
      return [["jobs", name, "container"], ...group.map((member) => ["jobs", name, "group", member, "container"])];
    }),
  ];
}
