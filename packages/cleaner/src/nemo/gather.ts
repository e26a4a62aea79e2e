import { quoteCommand } from "@slipway/core";
import type { Transport } from "@slipway/core";
import { scontrolCommands, squeueCommand } from "@slipway/sbatch";

import { CleanerError } from "../error.ts";
import { askHost, sectionOf } from "../host.ts";
import type { Section } from "../host.ts";
import { enter } from "../scripts.ts";
import type { NemoCopy, NemoExperiment, NemoInventory, NemoQueue } from "./inventory.ts";

const queueCommand = [
  ...squeueCommand().map((word) => (word.startsWith("--format=") ? "--format=%A|%i|%T|%o|%Z" : word)),
  "--all",
];

/** Names with other characters than NeMo-Run gives are passed over; nothing goes through a link. */
const script = `${enter}
base=.
[ ! -L experiments ] || fail symlink "$root/experiments"
if [ -d experiments ]; then base=experiments; fi
say LAYOUT "$base"
now=$(date +%s)
youngest() {
  find "$1" -maxdepth 3 -path "*/code/*" -prune -o -exec sh -c "stat -c %Z \\"\\$@\\" 2>/dev/null || stat -f %c \\"\\$@\\"" sh {} + | sort -n | tail -n 1
}
tell_copy() { say COPY "\${1#./}" "$(du -sk "$1" | cut -f1)" "$(find "$1" | grep -c "")" "$2"; }
for folder in "$base"/*/*/; do
  folder=\${folder%/}
  case $folder in *[!0-9A-Za-z_./-]*) continue ;; esac
  id=\${folder##*/} title=\${folder%/*}
  [ ! -L "$folder" ] && [ ! -L "$title" ] && [ -f "$folder/_CONFIG" ] || continue
  title=\${title##*/} time=\${id##*_}
  case $time in "" | *[!0-9]*) continue ;; esac
  [ "$id" = "\${title}_$time" ] || continue
  slurm=no
  for file in "$folder"/*_sbatch.sh; do if [ -e "$file" ]; then slurm=yes; fi; done
  changed=$(youngest "$folder")
  say EXPERIMENT "\${folder#./}" "$slurm" "$((now - \${changed:-$now}))"
  for task in "$folder"/*/; do
    task=\${task%/} name=\${task%/} name=\${name##*/}
    case $task in *[!0-9A-Za-z_./-]*) continue ;; esac
    [ ! -L "$task" ] || continue
    code=$task/code archive=$task/$name.tar.gz
    if [ -L "$code" ]; then say LINK "\${folder#./}" "$(readlink "$code")"; continue; fi
    [ -d "$code" ] || continue
    doubt=no-archive
    if [ -f "$archive" ] && [ ! -L "$archive" ]; then
      doubt=none
      written=$(find "$code" -type f -newer "$archive" ! -path "*/__pycache__/*" | head -n 1)
      [ -z "$written" ] || doubt=written
      tell_copy "$archive" "$doubt"
    fi
    tell_copy "$code" "$doubt"
  done
done
say SUBMISSIONS
[ ! -f .slurm_jobs ] || tail -n 50000 .slurm_jobs
say PROCESSES
ps -eo args 2>/dev/null || ps ax -o args
if command -v squeue >/dev/null 2>&1; then
  config=$(${quoteCommand(scontrolCommands.showConfig())} 2>&1)
  say CONFIG $?
  queue=$(${quoteCommand(queueCommand)})
  say QUEUE $?
  printf "%s\\n" "$queue"
fi
`;

export interface NemoOptions {
  readonly transport: Transport;
  /** Absolute, on the transport's host. */
  readonly directory: string;
  readonly signal?: AbortSignal | undefined;
}

/** Looks at a folder of NeMo-Run. Throws CLEANER_NOT_A_NEMO_HOME where there is no experiment of it. */
export async function takeNemoInventory({ transport, directory, signal }: NemoOptions): Promise<NemoInventory> {
  const sections = await askHost(transport, script, [directory], { signal });
  const experiments = sections.flatMap((section) => readExperiment(section, sections));
  if (experiments.length === 0) {
    throw new CleanerError(
      "CLEANER_NOT_A_NEMO_HOME",
      `${directory} on ${transport.host} holds no experiment of NeMo-Run`,
      {
        hint: "Name its home (~/.nemo_run) or a cluster's job_dir: a folder with <title>/<title>_<time>/_CONFIG",
      },
    );
  }
  return {
    host: transport.host,
    directory,
    layout: sectionOf(sections, "LAYOUT")?.rest === "experiments" ? "home" : "job_dir",
    experiments,
    submissions: sectionOf(sections, "SUBMISSIONS")?.lines ?? [],
    processes: sectionOf(sections, "PROCESSES")?.lines ?? [],
    queue: readQueue(sections),
  };
}

function readExperiment({ word, rest }: Section, sections: readonly Section[]): readonly NemoExperiment[] {
  const [path = "", slurm, age] = rest.split(" ");
  if (word !== "EXPERIMENT" || path === "") return [];
  const copies = sections.flatMap((section): readonly NemoCopy[] => {
    const [copy = "", kib, inodes, doubt = ""] = section.rest.split(" ");
    if (section.word !== "COPY" || !copy.startsWith(`${path}/`)) return [];
    const why = doubts.get(doubt);
    return [
      { path: copy, bytes: 1024 * Number(kib), inodes: Number(inodes), ...(why !== undefined && { doubt: why }) },
    ];
  });
  const links = sections.flatMap((section) =>
    section.word === "LINK" && section.rest.startsWith(`${path} `) ? section.rest.slice(path.length + 1) : [],
  );
  const id = path.slice(path.lastIndexOf("/") + 1);
  return [{ path, id, isSlurm: slurm === "yes", ageSeconds: Math.max(0, Number(age)), copies, links }];
}

/** A job begins in its code, and may have written there what nobody else has. */
const doubts = new Map([
  ["written", "its jobs have written files into it"],
  ["no-archive", "without its archive nobody can tell whether its jobs have written into it"],
]);

function readQueue(sections: readonly Section[]): NemoQueue {
  const config = sectionOf(sections, "CONFIG");
  const queue = sectionOf(sections, "QUEUE");
  if (!config || !queue) return { kind: "absent" };
  if (config.rest !== "0") return { kind: "silent", why: "Slurm does not answer" };
  if (queue.rest !== "0") return { kind: "silent", why: `squeue failed (${queue.rest})` };
  const odd = queue.lines.find((line) => !/^\d+\|\d+[^|]*\|[^|]+\|/.test(line));
  if (odd !== undefined) return { kind: "silent", why: `squeue said what cannot be read: ${odd.slice(0, 80)}` };
  return { kind: "answered", rows: queue.lines };
}
