/** `22.05` of `22.05.8`. */
export function releaseOf(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}

export function isEarlier(version: string, than: string): boolean {
  return releaseNumber(version) < releaseNumber(than);
}

function releaseNumber(version: string): number {
  const [year, month] = version.split(".");
  return Number(year) * 100 + Number(month);
}
