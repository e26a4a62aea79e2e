import type { Listing } from "@slipway/store";

/**
 * The run directories, and what is known of their processes, for a script that stands in the job_dir. Its parameter is the boot id where
 * processes are to be judged, or nothing. USER <number of who asks>; LINKED where `runs` is a link, and else below RUNS, in any order:
 * RUN <run> <age in seconds, or -> <owner's number> <what its `code` holds, where that is a link> · AGE <run> <seconds>, where it is told
 * apart · UNFINISHED <path> <age in seconds> · LIVE alive|unstarted|doubt <run>, of each that is not over: a local job begins once.
 * A run is `<experiment>/<job>`.
 */
export const runsListing: Listing = {
  perl: String.raw`
my ($boot) = @ARGV;
my $hasProc = -r "/proc/self/stat";
# The names in a folder that are slipways own.
sub own_names { return grep { /^[0-9A-Za-z_.-]+\z/ } names($_[0]); }
# What a record says; nothing when it is not whole. None is longer than 64 KiB.
sub load {
  my $text;
  return unless -f $_[0] && open(FILE, "<:unix", $_[0]) && sysread(FILE, $text, 65536);
  my %said = (pid => "", start => "", boot => "", end => "", $text =~ /^([a-z]+)=(.*)$/mg);
  return if $said{pid} !~ /^[0-9]+\z/ || $said{end} ne "1" || $said{start} eq "" || $said{boot} eq "";
  return \%said;
}
sub lives {
  my ($record) = @_;
  my $pid = $record->{pid};
  return 0 if $record->{boot} ne $boot;
  if (!$hasProc) {
    my @words = split " ", scalar qx(ps -o lstart= -p $pid);
    return "@words" eq $record->{start};
  }
  open(FILE, "<:unix", "/proc/$pid/stat") or return -e "/proc/$pid";
  my $stat;
  sysread(FILE, $stat, 65536) or return 0;
  $stat =~ s/.*\) //s;
  my $start = (split / /, $stat)[19];
  return !defined $start || $start !~ /^[0-9]+$/ || $start eq $record->{start};
}
# EPERM is 1 on every system: somebody lives.
sub group_lives { return $_[0]{boot} eq $boot && (kill(0, -$_[0]{pid}) || $! == 1); }
sub state_of {
  my ($dir) = @_;
  my @files = grep { !/^\./ } own_names($dir);
  my @commits = grep { /^(.+\.)?commit\z/ } @files;
  for my $name (@commits) {
    my $record = load("$dir/$name");
    return "doubt" unless $record;
    return "alive" if lives($record);
  }
  for my $name (grep { /attempt-.*\.group\z/ } @files) {
    next unless -f "$dir/$name";
    my $record = load("$dir/$name");
    return "doubt" unless $record;
    return "alive" if lives($record) || group_lives($record);
  }
  return @commits ? "over" : "unstarted";
}
sub tell_run {
  my ($run) = @_;
  my $lines = "";
  my ($owner, $changed) = (lstat "$run/code")[4, 10];
  my $isLink = -l _;
  if (defined $owner) {
    my $target = $isLink ? readlink("$run/code") : undef;
    $target = "" if !defined $target || $target =~ /\n/;
    $lines = "RUN $run " . ($now - $changed) . " $owner $target\n";
  }
  return $lines if $boot eq "" || !($isLink || -f "$run/job.sh");
  my $state = state_of($run);
  return $state eq "over" ? $lines : $lines . "LIVE $state $run\n";
}
sub tell_unfinished_run {
  my $changed = (lstat $_[0])[10];
  return defined $changed ? "UNFINISHED runs/$_[0] " . ($now - $changed) . "\n" : "";
}
sub tell_experiment {
  my ($experiment) = @_;
  my @jobs = own_names($experiment);
  return (
    (map { tell_run("$experiment/$_") } grep { !/^\./ } @jobs),
    (map { tell_unfinished_run("$experiment/$_") } grep { /^\.new-/ } @jobs),
  );
}
section("USER $>");
if (-l "runs") { section("LINKED"); }
elsif (chdir "runs") { section("RUNS", beside(\&tell_experiment, grep { !/^\./ } own_names("."))); }
`,
  shell: `
say USER "$(id -u)"
if [ -L runs ]; then say LINKED
else
say RUNS
now=$(date +%s)
if stat -c "%Z %n" . >/dev/null 2>&1; then
  changed() { [ $# -eq 0 ] || stat -c "%Z %n" "$@" 2>/dev/null; }
else
  changed() { [ $# -eq 0 ] || stat -f "%c %N" "$@" 2>/dev/null; }
fi
tell_links() {
  [ $# -eq 0 ] || ls -ldn "$@" 2>/dev/null | while read -r mode count owner rest; do
    case $rest in *" runs/"*"/code" | *" runs/"*"/code -> "*) ;; *) continue ;; esac
    rest=\${rest#* runs/} target=
    case $rest in *" -> "*) target=\${rest#* -> } ;; esac
    rest=\${rest%% -> *}
    printf "%s\\n" "RUN \${rest%/code} - $owner $target"
  done
}
tell_ages() {
  changed "$@" | while read -r seconds path; do
    path=\${path#runs/}
    printf "%s\\n" "AGE \${path%/code} $((now - seconds))"
  done
}
tell_unfinished() { changed "$@" | while read -r seconds path; do printf "%s\\n" "UNFINISHED $path $((now - seconds))"; done; }
# COMMAND PATHS: in few processes. Those with other characters than slipway's own names have are nobody's business.
each() {
  command=$1 batch= count=0
  shift
  for path do
    case $path in *[!0-9A-Za-z_./-]*) continue ;; esac
    batch="$batch $path" count=$((count + 1))
    if [ "$count" -eq 300 ]; then $command $batch; batch= count=0; fi
  done
  $command $batch
}
each tell_links runs/*/*/code
each tell_ages runs/*/*/code
each tell_unfinished runs/*/.new-*
load() { # FILE
  pid= start= its_boot= complete=
  while IFS="=" read -r key value; do
    case $key in
    pid) pid=$value ;;
    start) start=$value ;;
    boot) its_boot=$value ;;
    end) complete=$value ;;
    esac
  done 2>/dev/null <"$1"
  case $pid in "" | *[!0-9]*) return 1 ;; esac
  [ "$complete" = 1 ] && [ -n "$start" ] && [ -n "$its_boot" ]
}
lives() { # the process of the record
  [ "$its_boot" = "$boot" ] || return 1
  if [ -r /proc/self/stat ]; then
    [ -e "/proc/$pid" ] || return 1
    IFS= read -r stat 2>/dev/null <"/proc/$pid/stat" || return 1
    set -- \${stat##*) }
    case \${20-} in "" | *[!0-9]*) return 0 ;; esac
    [ "\${20}" = "$start" ]
  else
    set -- $(ps -o lstart= -p "$pid")
    [ "$*" = "$start" ]
  fi
}
group_lives() { [ "$its_boot" = "$boot" ] && kill -0 "-$pid" 2>/dev/null; }
judge() { # DIRECTORY, in state
  state=unstarted
  for record in "$1"/commit "$1"/*.commit; do
    [ -e "$record" ] || [ -L "$record" ] || continue
    [ "$state" != unstarted ] || state=over
    if [ ! -f "$record" ] || ! load "$record"; then state=doubt; return; fi
    if lives; then state=alive; return; fi
  done
  for record in "$1"/*attempt-*.group; do
    [ -f "$record" ] || continue
    if ! load "$record"; then state=doubt; return; fi
    if lives || group_lives; then state=alive; return; fi
  done
}
if [ -n "$boot" ]; then
for dir in runs/*/*/; do
  dir=\${dir%/}
  [ -d "$dir" ] || continue
  case $dir in *[!0-9A-Za-z_./-]*) continue ;; esac
  [ -f "$dir/job.sh" ] || [ -L "$dir/code" ] || continue
  judge "$dir"
  [ "$state" = over ] || printf "%s\\n" "LIVE $state \${dir#runs/}"
done
fi
fi
`,
};
