/** What a pending reason means for whoever waits. */
export interface ExplainedReason {
  /** One sentence. */
  readonly text: string;
  /** `wait`: it will start by itself. `act`: not before somebody does something. `never`: not as it was asked for. */
  readonly outlook: "wait" | "act" | "never";
  readonly hint?: string;
}

/** Explains what squeue and scontrol give as the reason of a waiting job; undefined for a word that says nothing, or that nobody knows. */
export function explainReason(reason: string): ExplainedReason | undefined {
  const word = reason.replaceAll("_", " ").trim();
  const [first = ""] = word.split(/[\s,:(]/, 1);
  const sentence = sentences.find(([start]) => word.toLowerCase().startsWith(start.toLowerCase()))?.[1];
  return sentence ?? reasons.get(first) ?? explainLimit(first);
}

const wait = (text: string, hint?: string): ExplainedReason => ({
  text,
  outlook: "wait",
  ...(hint !== undefined && { hint }),
});
const act = (text: string, hint?: string): ExplainedReason => ({
  text,
  outlook: "act",
  ...(hint !== undefined && { hint }),
});
const never = (text: string, hint?: string): ExplainedReason => ({
  text,
  outlook: "never",
  ...(hint !== undefined && { hint }),
});

const cancelAndChange = "Cancel it, change the request and run it again";

/** Reasons that squeue gives as a sentence. */
const sentences: readonly (readonly [start: string, explained: ExplainedReason])[] = [
  [
    "ReqNodeNotAvail, Reserved for maintenance",
    wait(
      "The nodes are reserved for maintenance before this job could end.",
      "A shorter time limit may let it start before that",
    ),
  ],
  [
    "ReqNodeNotAvail, UnavailableNodes",
    wait("Nodes that this job needs are down, drained or reserved.", "Without a list of nodes, others could take it"),
  ],
  [
    "Nodes required for job are DOWN",
    wait("Nodes that this job needs are down, drained or kept for jobs with a higher priority."),
  ],
  [
    "job requeued in held state",
    act("The job was put back in the queue and is held.", "scontrol release starts it, scancel ends it"),
  ],
  [
    "launch failed requeued held",
    act(
      "The node could not start the job; it was put back in the queue and is held.",
      "Look at the node and the log, then scontrol release it",
    ),
  ],
];

const reasons: ReadonlyMap<string, ExplainedReason> = new Map([
  ["Priority", wait("Jobs with a higher priority are before this one.")],
  ["Resources", wait("It is next, as soon as enough nodes, CPUs, memory or GPUs are free.")],
  ["Dependency", wait("It waits for other jobs, as its needs say.")],
  [
    "DependencyNeverSatisfied",
    never(
      "A job that it needs did not end as it had to, so that it will never start.",
      "Cancel it, and run it again when what it needs is right",
    ),
  ],
  ["BeginTime", wait("Its earliest time to begin has not come; after a requeue that takes about two minutes.")],
  ["JobHeldUser", act("The job is held by its user.", "scontrol release lets it go")],
  ["JobHeldAdmin", act("The job is held by an administrator.", "Ask the people who run the cluster")],
  [
    "JobHoldMaxRequeue",
    act(
      "It could not be started several times and is held.",
      "Look at the logs of its attempts, then scontrol release it",
    ),
  ],
  ["JobArrayTaskLimit", wait("As many members of the array run as it allows at a time.")],
  ["Prolog", wait("The nodes are being prepared for the job.")],
  ["Cleaning", wait("What its last start left behind is being cleaned up.")],
  ["Licenses", wait("The licenses that it asks for are in use.")],
  ["Reservation", wait("Its reservation has not begun or is full.")],
  ["ReservationDeleted", act("Its reservation was deleted.", cancelAndChange)],
  ["ReservationInvalid", never("Its reservation is not valid.", cancelAndChange)],
  [
    "ReqNodeNotAvail",
    wait("Nodes that this job needs are not available now.", "A shorter time limit, or no list of nodes, may help"),
  ],
  ["SchedDefer", wait("The scheduler looks at it in its next round.")],
  ["NodeDown", wait("A node that it needs is down.")],
  ["PartitionDown", wait("Its partition is down.", "Another partition may take it")],
  ["PartitionInactive", wait("Its partition takes no jobs now.", "Another partition may take it")],
  ["PartitionConfig", never("Its partition does not allow what it asks for.", cancelAndChange)],
  ["PartitionNodeLimit", never("It asks for more or fewer nodes than its partition has or allows.", cancelAndChange)],
  ["PartitionTimeLimit", never("Its time limit is longer than its partition allows.", cancelAndChange)],
  ["BadConstraints", never("No nodes have what it asks for.", cancelAndChange)],
  ["Constraints", wait("No free node has the features that it asks for.")],
  ["MaxMemPerLimit", never("It asks for more memory for each CPU or node than the cluster allows.", cancelAndChange)],
  ["InvalidAccount", never("Its account is not valid, or may not be used here.", cancelAndChange)],
  ["AccountNotAllowed", never("Its account may not use this partition.", cancelAndChange)],
  ["InvalidQOS", never("Its QOS is not valid.", cancelAndChange)],
  ["QOSNotAllowed", never("Its QOS may not be used with this account or partition.", cancelAndChange)],
  ["QOSUsageThreshold", wait("Its account has used more than its QOS allows for now.")],
  ["AccountingPolicy", wait("A limit of its account or QOS is reached.")],
  ["DeadLine", never("It can no longer end before its deadline.", cancelAndChange)],
  ["BurstBufferResources", wait("The burst buffer is full.")],
  ["BurstBufferStageIn", wait("Its data is being copied to the burst buffer.")],
  ["BurstBufferOperation", wait("The burst buffer is at work for it.")],
  ["FedJobLock", wait("The clusters of the federation are agreeing on who starts it.")],
  ["MaxPoweredUpNodes", wait("As many nodes are switched on as the cluster allows.")],
  ["MpiPortsBusy", wait("The network ports that its steps need are in use.")],
  ["NvidiaImexChannels", wait("All channels between GPUs of nodes are in use.")],
  ["InactiveLimit", act("It was inactive for longer than the cluster allows.")],
  ["SystemFailure", act("Slurm itself, its files or its network failed.", "Ask the people who run the cluster")],
]);

const resources: Readonly<Record<string, string>> = {
  cpu: "CPUs",
  cpus: "CPUs",
  mem: "memory",
  memory: "memory",
  node: "nodes",
  nodes: "nodes",
  gres: "GPUs or other generic resources",
  energy: "energy",
  license: "licenses",
  bb: "burst buffer",
  billing: "billing units",
  unknown: "resources that Slurm does not name",
  job: "running jobs",
  jobs: "running jobs",
  submitjob: "submitted jobs",
  submitjobs: "submitted jobs",
  wall: "run time",
  wallduration: "run time",
  time: "run time",
  resource: "resources",
};

const limitPattern =
  /^(QOS|Association|Assoc)?(Grp|Max|Min)?(SubmitJobs?|[A-Za-z]+?)(RunMinutes|RunMins|Minutes)?(?:Per(Job|User|Account|Node))?(?:Limit|NotSatisfied)?$/i;

/** The names of limits are made of parts: whose, which kind, of what, for whom. Source: slurm/slurm.h, enum job_state_reason. */
function explainLimit(word: string): ExplainedReason | undefined {
  const [, whose, kind, what = "", minutes, per] = limitPattern.exec(word) ?? [];
  const resource = resources[what.toLowerCase()];
  if (resource === undefined || (whose === undefined && kind === undefined)) return undefined;
  const owner = whose === undefined ? "the account" : whose.toUpperCase() === "QOS" ? "its QOS" : "its account";
  const measure = minutes === undefined ? resource : `minutes of ${resource}`;
  const isOfJob = per === "Job" || per === "Node";
  if (kind?.toLowerCase() === "min")
    return never(`It asks for less than ${owner} demands of ${resource}.`, cancelAndChange);
  if (isOfJob && kind?.toLowerCase() === "max") {
    return never(
      `It asks for more ${measure} than ${owner} allows for one ${per === "Node" ? "node" : "job"}.`,
      cancelAndChange,
    );
  }
  const who = per === "User" ? "your jobs" : "the jobs that share it";
  return wait(`The limit that ${owner} sets on ${measure} is reached by ${who}; it starts when others have ended.`);
}
