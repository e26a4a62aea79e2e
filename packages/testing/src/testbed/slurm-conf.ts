import { placesIn } from "./layout.ts";
import type { Layout } from "./layout.ts";

/** Names and meanings: slurm.conf(5) of 22.05. Intervals are as short as Slurm takes them, so that tests need not wait. */
export function renderSlurmConf(layout: Layout): string {
  const { clusterName, cpusPerNode, hostName, nodes, ports } = layout;
  const at = placesIn(layout.directory);
  const lines = [
    `ClusterName=${clusterName}`,
    `SlurmctldHost=${hostName}(127.0.0.1)`,
    `SlurmctldPort=${ports.slurmctld}`,
    "SlurmUser=root",
    "SlurmdUser=root",
    "AuthType=auth/munge",
    `AuthInfo=socket=${at.mungeSocket}`,
    `StateSaveLocation=${at.controllerState}`,
    `SlurmdSpoolDir=${at.nodeSpool}/%n`,
    `SlurmctldPidFile=${at.controllerState}/pid`,
    `SlurmdPidFile=${at.nodeSpool}/%n.pid`,
    "MpiDefault=none",
    "SwitchType=switch/none",
    "MailProg=/bin/true",
    "ProctrackType=proctrack/linuxproc",
    `TaskPlugin=task/${layout.limitsMemory ? "cgroup" : "none"}`,
    "SelectType=select/cons_tres",
    // Slurm limits a job's memory only where memory is something that it hands out.
    "SelectTypeParameters=CR_Core_Memory",
    "DefMemPerCPU=1000",
    "PreemptType=preempt/partition_prio",
    "PreemptMode=REQUEUE",
    "ReturnToService=2",
    "JobRequeue=1",
    "KillWait=3",
    "MinJobAge=10",
    "InactiveLimit=0",
    "SlurmctldTimeout=10",
    "SlurmdTimeout=15",
    "SchedulerType=sched/backfill",
    "SchedulerParameters=bf_interval=1,sched_interval=1,sched_min_interval=0",
    // Else nodes with more processors than the machine has are not accepted.
    "SlurmdParameters=config_overrides",
    "JobAcctGatherType=jobacct_gather/linux",
    `JobAcctGatherFrequency=${layout.limitsMemory ? 30 : 1}`,
    ...(layout.limitsMemory ? [] : ["JobAcctGatherParams=OverMemoryKill"]),
    ...(layout.accounting
      ? [
          "AccountingStorageType=accounting_storage/slurmdbd",
          "AccountingStorageHost=127.0.0.1",
          `AccountingStoragePort=${ports.slurmdbd}`,
          // Else sacct and sacctmgr look for munge's default socket.
          `AccountingStoragePass=${at.mungeSocket}`,
        ]
      : ["AccountingStorageType=accounting_storage/none"]),
    ...nodes.map(
      ({ name, port }) =>
        `NodeName=${name} NodeHostname=${hostName} NodeAddr=127.0.0.1 Port=${port} CPUs=${cpusPerNode} RealMemory=256000 State=UNKNOWN`,
    ),
    "PartitionName=main Nodes=ALL Default=YES MaxTime=UNLIMITED PriorityTier=1 OverSubscribe=FORCE:8 State=UP",
    "PartitionName=short Nodes=ALL MaxTime=1 PriorityTier=1 OverSubscribe=FORCE:8 State=UP",
    "PartitionName=urgent Nodes=ALL MaxTime=UNLIMITED PriorityTier=10 OverSubscribe=NO PreemptMode=OFF State=UP",
  ];
  return `${lines.join("\n")}\n`;
}

/** cgroup.conf(5). */
export function renderCgroupConf(): string {
  return "CgroupPlugin=cgroup/v1\nCgroupMountpoint=/sys/fs/cgroup\nCgroupAutomount=no\nConstrainRAMSpace=yes\n";
}

/** slurmdbd.conf(5). */
export function renderSlurmdbdConf({ databasePassword, directory, hostName, ports }: Layout): string {
  const at = placesIn(directory);
  return [
    "AuthType=auth/munge",
    `AuthInfo=socket=${at.mungeSocket}`,
    `DbdHost=${hostName}`,
    "DbdAddr=127.0.0.1",
    `DbdPort=${ports.slurmdbd}`,
    "SlurmUser=root",
    `PidFile=${at.secret}/slurmdbd.pid`,
    "StorageType=accounting_storage/mysql",
    "StorageHost=127.0.0.1",
    `StoragePort=${ports.mariadb}`,
    "StorageUser=slurm",
    `StoragePass=${databasePassword}`,
    "StorageLoc=slurm_acct",
    "",
  ].join("\n");
}
