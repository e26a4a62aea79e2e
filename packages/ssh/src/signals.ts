/** Numbers that Linux gives on all its platforms but a few (signal(7)). */
const signalNames: Readonly<Record<number, string>> = {
  1: "SIGHUP",
  2: "SIGINT",
  3: "SIGQUIT",
  4: "SIGILL",
  5: "SIGTRAP",
  6: "SIGABRT",
  7: "SIGBUS",
  8: "SIGFPE",
  9: "SIGKILL",
  10: "SIGUSR1",
  11: "SIGSEGV",
  12: "SIGUSR2",
  13: "SIGPIPE",
  14: "SIGALRM",
  15: "SIGTERM",
  24: "SIGXCPU",
  25: "SIGXFSZ",
  31: "SIGSYS",
};

/** The signal that a shell means by an exit code above 128 (POSIX.1-2017, XCU 2.8.2). */
export function signalOfExitCode(exitCode: number): string | undefined {
  return exitCode > 128 ? signalNames[exitCode - 128] : undefined;
}
