import { tellInstances, tellLeases, tellLeftovers, tellUntagged, withStat } from "./listing-snippets.ts";
import { renderListings } from "./listing.ts";
import type { Listing } from "./listing.ts";

/**
 * All that lies in a store, for a script that stands in its root, has compared its layout and knows that `store`, `store/code` and
 * `store/trash` are no links. Below CONTENTS:
 * INSTANCE <name> closed|open|<seconds since a lease of it came or went> <manifest's first line> · IDLE <name> <seconds>, where those are
 * told later · LEASE <name> <lease> <age in seconds> <owner's number> · LEFT <kind> <name> <age in seconds> of what is in the trash and
 * of unfinished uploads · HEADER <name> <manifest's first line> of what is in the trash.
 * The name `.` is the one of the last INSTANCE or LEFT; others come when all of those have been told. In Perl each thing is looked at once.
 */
export const contentsListing: Listing = {
  perl: String.raw`
# The first line of a manifest; what is no plain file has none. No valid one is longer than 256 bytes.
sub header {
  lstat "$_[0]/manifest";
  my $text;
  return "" unless -f _ && open(FILE, "<:unix", "$_[0]/manifest") && sysread(FILE, $text, 256);
  my $end = index $text, "\n";
  return $end < 0 ? $text : substr $text, 0, $end;
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
# A file system that counts a folder for each of the names in this one has told that they are no links; then it also tells which folder has
# no folder in it. Others tell some fixed number. Source: stat(2), "st_nlink"; find(1), "-noleaf".
my $areFolders = 0;
sub tell_instance {
  my ($name) = @_;
  return () unless $name =~ /^[0-9a-f]{64}\.[0-9A-Za-z]+\z/;
  $areFolders || lstat $name && -d _ or return ();
  my ($links, $changed) = (lstat "$name/L")[3, 10];
  my $isFolder = -d _;
  my $state = $isFolder ? $now - $changed : -d "$name/L" ? "open" : "closed";
  my $lines = "INSTANCE $name $state " . header($name) . "\n";
  return $lines if !$isFolder || $areFolders && $links == 2;
  for my $lease (grep { /^[0-9A-Za-z_-][0-9A-Za-z_.-]*\z/ } names("$name/L")) {
    my ($owner, $made) = (lstat "$name/L/$lease")[4, 10];
    next unless -d _;
    $lines .= "LEASE . $lease " . ($now - $made) . " $owner\n";
  }
  return $lines;
}
sub tell_trashed {
  my ($name) = @_;
  my @found = lstat "store/trash/$name";
  return -d _ ? "LEFT trashed $name " . ($now - $found[10]) . "\nHEADER . " . header("store/trash/$name") . "\n" : ();
}
sub tell_deleting {
  my ($name) = @_;
  my @found = lstat "store/trash/$name";
  return -d _ ? "LEFT deleting $name " . ($now - $found[10]) . "\n" : ();
}
sub tell_unfinished {
  my ($name) = @_;
  lstat "store/code/$name";
  return -d _ ? "LEFT unfinished $name " . ($now - newest_in("store/code/$name")) . "\n" : ();
}
chdir "store/code" or exit 1;
my @code = names(".") or exit 1;
$areFolders = @code > 2 && (lstat ".")[3] == @code;
my $instances = beside(\&tell_instance, @code);
chdir "../.." or exit 1;
my @trash = names("store/trash");
section(
  "CONTENTS",
  $instances,
  beside(\&tell_trashed, grep { /^[0-9a-f]{64}\.[0-9A-Za-z]+\z/ } @trash),
  beside(\&tell_deleting, grep { /^\.del-[0-9A-Za-z._-]*\z/ } @trash),
  beside(\&tell_unfinished, grep { /^\.in-[0-9a-f]{64}\.[0-9A-Za-z]+\z/ } @code),
);
`,
  shell: `
say CONTENTS
${tellUntagged}${withStat}${tellInstances}${tellLeases}${tellLeftovers}
tell_instances
set --
tell_idle() {
  [ $# -eq 0 ] || look "$@" | while read -r changed _ path; do
    path=\${path#store/code/}
    tell IDLE "\${path%%/*}" "$((now - changed))"
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
  tell HEADER "\${path##*/}" "$header"
done
`,
};

/** Answers it, then DONE. */
export const contents = `${renderListings([contentsListing])}
say DONE
`;
