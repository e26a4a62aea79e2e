/** Whether packing is worth its time on a link, learned from what is sent over it. */
export interface Pace {
  /** Of the next piece of work; what is under way stays as it is. */
  readonly packs: () => boolean;
  readonly tell: (sent: SentFrame) => void;
}

export interface SentFrame {
  readonly isPacked: boolean;
  /** Before packing. */
  readonly bytes: number;
  readonly sentBytes: number;
  /** Since the one before had been taken. */
  readonly tookMs: number;
  /** Whether the link had to wait until it was packed. */
  readonly isLate: boolean;
}

/** What a connection takes in before it shows how fast it is: ssh's window of 2 MiB (RFC 4254, 5.2, as OpenSSH has it), and buffers. */
const untoldBytes = 4 << 20;
/** How many frames tell a speed. */
const telling = 3;
/** So many of a kind are not counted, for buffers still hold what went before, which has yet to be unpacked there. */
const settling = 3;

/** Other things that the two machines do make speeds differ so much; and what was packed waited for this side's processors. */
const leastPart = 0.7;

/**
 * A link that waits for what is being packed may take more as it is: that is tried for a few frames, and goes on unless clearly fewer
 * bytes arrive in this way than did before. Else all is packed from then on.
 */
export function createPace(): Pace {
  let state: "packing" | "trying" | "plain" | "decided" = "packing";
  let sentBytes = 0;
  let packedSpeed = 0;
  let recent: SentFrame[] = [];

  function learn(frame: SentFrame): void {
    if (state === "packing" && sentBytes > untoldBytes && frame.isLate && recent.length >= telling) {
      packedSpeed = speedOf(recent);
      state = "trying";
    } else if ((state === "trying" || state === "plain") && !frame.isPacked && recent.length === settling + telling) {
      state = speedOf(recent) > leastPart * packedSpeed ? "plain" : "decided";
    }
  }

  return {
    packs: () => state === "packing" || state === "decided",
    tell(frame) {
      sentBytes += frame.sentBytes;
      if (recent.at(-1)?.isPacked !== frame.isPacked) recent = [];
      recent = [...recent, frame].slice(-settling - telling);
      learn(frame);
    },
  };
}

/** Bytes in a millisecond. */
function speedOf(sent: readonly SentFrame[]): number {
  const frames = sent.slice(-telling);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return sum(frames.map(({ bytes }) => bytes)) / Math.max(1, sum(frames.map(({ tookMs }) => tookMs)));
}
