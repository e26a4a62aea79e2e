import { sectionOf } from "./host.ts";
import type { Section } from "./host.ts";
import type { Space } from "./inventory.ts";

/** Something of which there is an end. */
interface Room {
  readonly free: number;
  readonly total: number;
}

/** From `df` and the quotas of the user and the group: of several the one with the least left counts. */
export function readSpace(sections: readonly Section[]): Space {
  const blocks = readDf(sectionOf(sections, "BYTES"));
  const inodes = readDf(sectionOf(sections, "INODES"));
  const quotas = readQuotas(sections, blocks?.fileSystem);
  const bytes = tightest([...(blocks ? [blocks] : []), ...quotas.map((quota) => quota.blocks)]);
  const files = tightest([...(inodes ? [inodes] : []), ...quotas.map((quota) => quota.inodes)]);
  return {
    ...(bytes && { freeBytes: bytes.free * 1024, totalBytes: bytes.total * 1024 }),
    ...(files && { freeInodes: files.free, totalInodes: files.total }),
  };
}

function tightest(rooms: readonly Room[]): Room | undefined {
  const [first] = rooms.filter(({ total }) => total > 0).toSorted((a, b) => a.free / a.total - b.free / b.total);
  return first;
}

/** Source: POSIX.1-2017, XCU df: the columns of `-P`, from the right as the first may hold spaces. `-i` is no part of it. */
function readDf(section: Section | undefined): (Room & { readonly fileSystem: string }) | undefined {
  const found = /^(.*?)\s+(\d+)\s+\d+\s+(\d+)\s+(?:\d+%|-)\s/.exec(section?.lines.at(-1) ?? "");
  const [, fileSystem = "", total, free] = found ?? [];
  return found ? { fileSystem, total: Number(total), free: Number(free) } : undefined;
}

interface Quota {
  readonly blocks: Room;
  readonly inodes: Room;
}

/**
 * File system, KiB used, quota, limit, grace, files used, quota, limit, grace. What is above a quota has a star, what is not certain stands
 * in brackets. Source: quota(1) of Linux with `-wp`, lfs-quota(1).
 */
const quotaPattern = /^\s*(\S+)\s+\[?(\d+)\]?\*?\s+(\d+)\s+(\d+)\s+\S+\s+\[?(\d+)\]?\*?\s+(\d+)\s+(\d+)(?:\s+\S+)?\s*$/;

/** `quota` tells of all file systems, `lfs` of the one it is asked about. */
function readQuotas(sections: readonly Section[], fileSystem: string | undefined): readonly Quota[] {
  const rows = (word: string) =>
    (sectionOf(sections, word)?.lines ?? []).flatMap((line) => {
      const [, name, ...numbers] = quotaPattern.exec(line) ?? [];
      return name === undefined ? [] : [{ name, numbers: numbers.map(Number) }];
    });
  const own = [...rows("QUOTA").filter(({ name }) => name === fileSystem), ...rows("LUSTRE")];
  return own.map(({ numbers: [blocks = 0, quota = 0, limit = 0, files = 0, filesQuota = 0, filesLimit = 0] }) => ({
    blocks: roomOf(blocks, quota, limit),
    inodes: roomOf(files, filesQuota, filesLimit),
  }));
}

/** 0 is no limit. */
function roomOf(used: number, quota: number, limit: number): Room {
  const total = quota > 0 ? quota : limit;
  return { free: Math.max(0, total - used), total };
}
