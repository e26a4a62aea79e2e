/** Prints `first`, waits for a signal, prints a last line and succeeds. The signal goes to the whole group, sleep included. */
export function waitsForSignal(name: string, last: string): string {
  return `exec 2>/dev/null; trap 'echo ${last}; exit 0' ${name}; echo first; while :; do sleep 1; done`;
}
