/**
 * The run directories in one process, for hosts with Perl; the shell in `scripts.ts` says the same without. Uses no module, and no part of
 * it may hold an apostrophe. 1 tag, 2 the boot id where processes are to be judged, or nothing.
 */
export const runsInPerl: string = String.raw`
my ($tag, $boot) = @ARGV;
my (@links, @made, @unfinished, @live);
my $hasProc = -r "/proc/self/stat";
# The names in a folder that are slipways own.
sub names { opendir(my $folder, $_[0]) or return (); return grep { /^[0-9A-Za-z_.-]+\z/ } sort readdir $folder; }
# What a record says; nothing when it is not whole.
sub load {
  return unless -f $_[0] && open(my $file, "<", $_[0]);
  my %said = (pid => "", start => "", boot => "", end => "");
  for (<$file>) { $said{$1} = $2 if /^([a-z]+)=([^\n]*)$/; }
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
  open(my $file, "<", "/proc/$pid/stat") or return -e "/proc/$pid";
  my $stat = <$file>;
  return 0 unless defined $stat;
  $stat =~ s/.*\) //s;
  my $start = (split / /, $stat)[19];
  return !defined $start || $start !~ /^[0-9]+$/ || $start eq $record->{start};
}
# EPERM is 1 on every system: somebody lives.
sub group_lives { return $_[0]{boot} eq $boot && (kill(0, -$_[0]{pid}) || $! == 1); }
sub state_of {
  my ($dir, @files) = @_;
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
sub look_at {
  my ($dir) = @_;
  my @found = lstat "$dir/code";
  my $isLink = @found && -l _;
  if (@found) {
    my $target = $isLink ? readlink("$dir/code") : undef;
    $target = "" if !defined $target || $target =~ /\n/;
    push @links, "l 1 $found[4] - $dir/code" . ($target eq "" ? "" : " -> $target");
    push @made, "$found[10] $dir/code";
  }
  return if $boot eq "" || !($isLink || -f "$dir/job.sh");
  my $state = state_of($dir, grep { !/^\./ } names($dir));
  push @live, "$state " . substr($dir, 5) if $state ne "over";
}
for my $experiment (grep { !/^\./ } names("runs")) {
  for my $job (names("runs/$experiment")) {
    my $path = "runs/$experiment/$job";
    if ($job =~ /^\.new-/) {
      my @found = lstat $path;
      push @unfinished, "$found[10] $path" if @found;
    } elsif ($job !~ /^\./) {
      look_at($path);
    }
  }
}
my %sections = (LINKS => \@links, MADE => \@made, UNFINISHED => \@unfinished);
for my $word ("LINKS", "MADE", "UNFINISHED") { print "\n$tag $word \n", map { "$_\n" } @{$sections{$word}}; }
print map { "\n$tag LIVE $_\n" } @live;
`;
