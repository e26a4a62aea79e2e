const durationPattern =
  /^(?:(\d{1,9})-(\d{1,9})(?::(\d{1,9}))?(?::(\d{1,9}))?|(\d{1,9})(?::(\d{1,9}))?(?::(\d{1,9}))?)$/;

/**
 * Seconds of a duration as Slurm reads it: `M`, `M:S`, `H:M:S`, `D-H`, `D-H:M`, `D-H:M:S`. Undefined for what is none, or without end.
 * Source: sbatch(1), --time; time_str2secs().
 */
export function parseSlurmDuration(text: string): number | undefined {
  const match = durationPattern.exec(text);
  if (!match) return undefined;
  const [days, hours, minutes, seconds, first, second, third] = match
    .slice(1)
    .map((part) => (part === undefined ? undefined : Number(part)));
  if (days !== undefined) return days * 86_400 + (hours ?? 0) * 3600 + (minutes ?? 0) * 60 + (seconds ?? 0);
  if (third !== undefined) return (first ?? 0) * 3600 + (second ?? 0) * 60 + third;
  return (first ?? 0) * 60 + (second ?? 0);
}

/** `D-HH:MM:SS`, which no release reads as something else. Slurm rounds it up to whole minutes. */
export function renderSlurmDuration(seconds: number): string {
  const whole = Math.ceil(seconds);
  const part = (number: number) => String(Math.floor(number)).padStart(2, "0");
  return `${Math.floor(whole / 86_400)}-${part((whole % 86_400) / 3600)}:${part((whole % 3600) / 60)}:${part(whole % 60)}`;
}
