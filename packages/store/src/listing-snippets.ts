/** `stat` of GNU and busybox, or of BSD: the time of the last change (a rename counts), the owner, the path. */
const look = `
now=$(date +%s)
if stat -c "%Z %u %n" . >/dev/null 2>&1; then look() { stat -c "%Z %u %n" "$@" 2>/dev/null; }
elif stat -f "%c %u %N" . >/dev/null 2>&1; then look() { stat -f "%c %u %N" "$@" 2>/dev/null; }
else fail tool stat
fi
`;

const tellInstances = `
header_of() { header=; if [ -f "$1/manifest" ]; then IFS= read -r header <"$1/manifest"; fi; }
tell_instances() {
  for instance in store/code/*.*; do
    name=\${instance#store/code/}
    case $name in *[!0-9A-Za-z.]*) continue ;; esac
    [ -d "$instance" ] && [ ! -L "$instance" ] || continue
    state=closed
    if [ -d "$instance/L" ]; then state=open; fi
    header_of "$instance"
    say INSTANCE "$name" "$state" "$header"
  done
}
`;

const tellLeases = `
tell_batch() {
  [ $# -eq 0 ] || look "$@" | while read -r changed owner path; do
    path=\${path#store/code/}
    say LEASE "\${path%%/*}" "\${path##*/}" "$((now - changed))" "$owner"
  done
}
tell_leases() { # INSTANCES
  only=$1
  set --
  for instance in store/code/$only; do
    [ -d "$instance/L" ] && [ ! -L "$instance" ] && [ ! -L "$instance/L" ] || continue
    for lease in "$instance"/L/*; do
      case $lease in *[!0-9A-Za-z_./-]*) continue ;; esac
      set -- "$@" "$lease"
      if [ $# -eq 200 ]; then tell_batch "$@"; set --; fi
    done
  done
  tell_batch "$@"
}
`;

const tellLeftovers = `
tell_leftover() {
  case $2 in */*[!0-9A-Za-z./_-]*) return ;; esac
  [ -d "$2" ] && [ ! -L "$2" ] || return
  changed=$(find "$2" $3 -exec sh -c "stat -c %Z \\"\\$@\\" 2>/dev/null || stat -f %c \\"\\$@\\"" sh {} + | sort -n | tail -n 1)
  say LEFT "$1" "\${2##*/}" "$((now - \${changed:-$now}))"
}
tell_leftovers() {
  for path in store/trash/*.*; do tell_leftover trashed "$path" -prune; done
  for path in store/trash/.del-*; do tell_leftover deleting "$path" -prune; done
  for path in store/code/.in-*; do tell_leftover unfinished "$path" ""; done
}
`;

/** Answers INSTANCE <name> open|closed <manifest's first line> for each, then DONE. */
export const list = `${tellInstances}
if [ ! -d "$root/store/code" ]; then ls -d "$root/store/code" >&2; fail absent; fi
cd "$root/store/code" && cd "$root" || fail unreadable
tell_instances
say DONE
`;

/** 4 an instance or nothing. Answers LEASE <instance> <lease> <age in seconds> <owner's number> for each, then DONE. */
export const leases = `${look}${tellLeases}
tell_leases "\${4:-*.*}"
say DONE
`;

/** Answers LEFT <kind> <name> <age in seconds> for what is in the trash and for unfinished uploads, then DONE. */
export const leftovers = `${look}${tellLeftovers}
tell_leftovers
say DONE
`;

/** What the others answer, without a module, in one process. No part of it may hold an apostrophe. 1 tag. */
const contentsInPerl = String.raw`
my ($tag) = @ARGV;
my $now = time;
my $said = "\n";
sub told { $said .= join(" ", $tag, @_) . "\n"; }
# The names in a folder; nothing when it cannot be read.
sub names { opendir(my $folder, $_[0]) or return (); return sort readdir $folder; }
# What lstat says of a folder that is no link.
sub folder { my @found = lstat $_[0]; return @found && -d _ ? @found : (); }
sub header {
  lstat "$_[0]/manifest";
  return "" unless -f _ && open(my $file, "<", "$_[0]/manifest");
  my $line = <$file>;
  return "" unless defined $line;
  chomp $line;
  return $line;
}
sub newest_in {
  my ($newest, @waiting) = (0, $_[0]);
  while (defined(my $path = pop @waiting)) {
    my @found = lstat $path or next;
    $newest = $found[10] if $found[10] > $newest;
    push @waiting, map { "$path/$_" } grep { $_ ne "." && $_ ne ".." } names($path) if -d _;
  }
  return $newest;
}
sub tell_instance {
  my ($name) = @_;
  my $instance = "store/code/$name";
  folder($instance) or return;
  my $isOpen = -d "$instance/L";
  told("INSTANCE", $name, $isOpen ? "open" : "closed", header($instance));
  my @leases = folder("$instance/L") or return;
  told("IDLE", $name, $now - $leases[10]);
  for my $lease (grep { /^[0-9A-Za-z_-][0-9A-Za-z_.-]*\z/ } names("$instance/L")) {
    my @found = lstat "$instance/L/$lease" or next;
    told("LEASE", $name, $lease, $now - $found[10], $found[4]);
  }
}
opendir(my $code, "store/code") or exit 1;
my @names = sort readdir $code;
for my $name (@names) {
  if ($name =~ /^[0-9a-f]{64}\.[0-9A-Za-z]+\z/) { tell_instance($name); }
}
my @trash = grep { folder("store/trash/$_") } names("store/trash");
for my $name (grep { /^[0-9a-f]{64}\.[0-9A-Za-z]+\z/ } @trash) {
  my @found = lstat "store/trash/$name" or next;
  told("LEFT", "trashed", $name, $now - $found[10]);
  told("HEADER", $name, header("store/trash/$name"));
}
for my $name (grep { /^\.del-[0-9A-Za-z._-]*\z/ } @trash) {
  my @found = lstat "store/trash/$name" or next;
  told("LEFT", "deleting", $name, $now - $found[10]);
}
for my $name (@names) {
  next unless $name =~ /^\.in-[0-9a-f]{64}\.[0-9A-Za-z]+\z/ && folder("store/code/$name");
  told("LEFT", "unfinished", $name, $now - newest_in("store/code/$name"));
}
told("DONE");
print $said;
`;

/**
 * Answers what `list`, `leases` and `leftovers` do, and IDLE <instance> <seconds> since a lease of it came or went, and HEADER <name>
 * <manifest's first line> for what is in the trash; then DONE. Where there is Perl: in one process, and each thing is looked at once.
 */
export const contents = `
if command -v perl >/dev/null 2>&1 && perl -e '${contentsInPerl}' "$tag" >&3; then exit 0; fi
${look}${tellInstances}${tellLeases}${tellLeftovers}
tell_instances
set --
tell_idle() {
  [ $# -eq 0 ] || look "$@" | while read -r changed _ path; do
    path=\${path#store/code/}
    say IDLE "\${path%%/*}" "$((now - changed))"
  done
}
for open in store/code/*.*/L; do
  case $open in *[!0-9A-Za-z_./-]*) continue ;; esac
  [ ! -L "\${open%/L}" ] && [ ! -L "$open" ] || continue
  set -- "$@" "$open"
  if [ $# -eq 200 ]; then tell_idle "$@"; set --; fi
done
tell_idle "$@"
tell_leases "*.*"
tell_leftovers
for path in store/trash/*.*; do
  case $path in *[!0-9A-Za-z_./-]*) continue ;; esac
  [ ! -L "$path" ] && [ ! -L "$path/manifest" ] || continue
  header_of "$path"
  say HEADER "\${path##*/}" "$header"
done
say DONE
`;
