/**
 * What stands between the wrapper and the command, because a shell's `wait` cannot tell `exit 137` from death by SIGKILL.
 * Each starts the command in a process group of its own, leaves `<base>.group` before the command begins, and `<base>.status`
 * after it has ended. A command never begins once the wrapper is gone: then nobody would know of it.
 * No single quotes in the texts: they stand between single quotes in the script.
 */

/** Arguments: base path, the wrapper's pid, boot id, the command. The process inherits the command's environment. */
export const perlRunner = String.raw`
use strict;
my ($base, $wrapper, $boot, @command) = @ARGV;
sub record {
  my ($name, @lines) = @_;
  open(my $file, ">", "$base.$name.tmp") or return 0;
  print $file map { "$_\n" } "version=1", @lines, "end=1" or return 0;
  return close($file) && rename("$base.$name.tmp", "$base.$name");
}
sub tell_end { # A full disk is waited for, up to a minute.
  for (1 .. 60) { record("status", @_) and exit 0; sleep 1 }
  exit 1;
}
sub identity {
  my ($pid) = @_;
  if (open(my $stat, "<", "/proc/$pid/stat")) {
    my @field = split " ", join("", <$stat>) =~ s/.*\) //sr;
    return ("pid=$pid", "start=$field[19]", "session=$field[3]", "boot=$boot");
  }
  my $start = join " ", split " ", qx(LC_ALL=C ps -o lstart= -p $pid);
  return ("pid=$pid", "start=$start", "boot=$boot");
}
my @signals = qw(HUP INT QUIT TERM USR1 USR2 ALRM PIPE TSTP TTIN TTOU);
$SIG{$_} = "IGNORE" for @signals; # The wrapper decides what the command is told.
pipe(my $gate, my $open_gate) or die "slipway: pipe: $!\n";
pipe(my $failure, my $tell_failure) or die "slipway: pipe: $!\n"; # Closed by a successful exec.
my $child = fork;
defined $child or die "slipway: fork: $!\n";
if (!$child) {
  close $open_gate;
  close $failure;
  setpgrp(0, 0);
  $SIG{$_} = "DEFAULT" for @signals; # What comes from now on is meant for the command.
  sysread($gate, my $go, 1) or exit 1;
  for (qw(PERL5OPT PERL_BADLANG LC_CTYPE)) { # Put aside by the wrapper, for the runner itself.
    delete $ENV{$_};
    $ENV{$_} = delete $ENV{"slipway_$_"} if exists $ENV{"slipway_$_"};
  }
  { no warnings; exec { $command[0] } @command; }
  syswrite($tell_failure, $! + 0);
  exit 126;
}
close $gate;
close $tell_failure;
setpgrp($child, $child);
if (record("group", identity($child)) && getppid() == $wrapper) { syswrite($open_gate, "1") }
else { kill "KILL", $child; waitpid($child, 0); die "slipway: the command was not started\n" }
close $open_gate;
my $errno = join "", <$failure>;
waitpid($child, 0);
my $status = $?;
if ($errno ne "") {
  local $! = $errno;
  print STDERR "slipway: cannot run $command[0]: $!\n";
  tell_end($errno == 2 ? ("exit=127", "reason=command_not_found") : ("exit=126", "reason=not_executable"));
}
tell_end($status & 127 ? "signal=" . ($status & 127) : "exit=" . ($status >> 8));
`;

/** The same in Python 3, for hosts without Perl. */
export const pythonRunner = String.raw`
import os, signal, subprocess, sys, time
base, wrapper, boot = sys.argv[1:4]
command = [os.fsencode(word) for word in sys.argv[4:]]
def record(name, *lines):
    with open(base + "." + name + ".tmp", "w") as file:
        file.write("".join(line + "\n" for line in ("version=1",) + lines + ("end=1",)))
    os.rename(base + "." + name + ".tmp", base + "." + name)
def tell_end(*lines): # A full disk is waited for, up to a minute.
    for _ in range(60):
        try:
            return record("status", *lines)
        except OSError:
            time.sleep(1)
    sys.exit(1)
def identity(pid):
    try:
        with open("/proc/%d/stat" % pid, "rb") as stat:
            field = stat.read().rpartition(b") ")[2].decode().split()
        return "pid=%d" % pid, "start=" + field[19], "session=" + field[3], "boot=" + boot
    except FileNotFoundError:
        ps = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], env=dict(os.environ, LC_ALL="C"), stdout=subprocess.PIPE)
        return "pid=%d" % pid, "start=" + " ".join(ps.stdout.decode().split()), "boot=" + boot
signals = [getattr(signal, "SIG" + name) for name in "HUP INT QUIT TERM USR1 USR2 ALRM PIPE TSTP TTIN TTOU".split()]
for number in signals: # The wrapper decides what the command is told.
    signal.signal(number, signal.SIG_IGN)
gate, open_gate = os.pipe()
failure, tell_failure = os.pipe() # Closed by a successful exec.
child = os.fork()
if child == 0:
    try:
        os.close(open_gate)
        os.close(failure)
        os.setpgid(0, 0)
        for number in signals + [signal.SIGXFSZ]: # What comes from now on is meant for the command.
            signal.signal(number, signal.SIG_DFL)
        if not os.read(gate, 1):
            os._exit(1)
        for name in ("PERL5OPT", "PERL_BADLANG", "LC_CTYPE"): # Put aside by the wrapper, for the runner itself.
            os.environ.pop(name, None)
            if "slipway_" + name in os.environ:
                os.environ[name] = os.environ.pop("slipway_" + name)
        os.execvp(command[0], command)
    except OSError as error:
        os.write(tell_failure, str(error.errno).encode())
    finally:
        os._exit(126)
os.close(gate)
os.close(tell_failure)
try:
    os.setpgid(child, child)
    record("group", *identity(child))
    if os.getppid() != int(wrapper):
        raise OSError("the wrapper is gone")
    os.write(open_gate, b"1")
except OSError as error:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    sys.exit("slipway: the command was not started: %s" % error)
os.close(open_gate)
errno = b"".join(iter(lambda: os.read(failure, 64), b"")).decode()
status = os.waitpid(child, 0)[1]
if errno:
    sys.stderr.write("slipway: cannot run %s: %s\n" % (os.fsdecode(command[0]), os.strerror(int(errno))))
    if int(errno) == 2:
        tell_end("exit=127", "reason=command_not_found")
    else:
        tell_end("exit=126", "reason=not_executable")
elif os.WIFSIGNALED(status):
    tell_end("signal=%d" % os.WTERMSIG(status))
else:
    tell_end("exit=%d" % os.WEXITSTATUS(status))
`;
