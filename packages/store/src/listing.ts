import { quoteShell } from "@slipway/core";

import { compact } from "./lease-functions.ts";

/**
 * Something that a host tells of its folders, twice: in Perl, where all listings of a command are one process, and in POSIX sh, where
 * programs are started for each. Both print the same: `say WORD`, and lines below it.
 */
export interface Listing {
  /** Adds to what is said, by `section(WORD, LINES)`. Uses no module. Has `$tag`, `$now`, the parameters in `@ARGV`, `names` and `beside`. */
  readonly perl: string;
  /** Has `say`. */
  readonly shell: string;
}

/**
 * Shell text that prints what the listings tell, one listing after the other: nothing of a later one is looked at before an earlier one is
 * done. For a script with `say`, `fail` and `$tag` that stands in the C locale; `parameters` are shell words.
 */
export function renderListings(listings: readonly Listing[], parameters = ""): string {
  const perl = quoteShell(compact([basics, ...listings.map((listing) => listing.perl), speaking].join("\n")));
  return `
if command -v perl >/dev/null 2>&1 && perl -e ${perl} "$tag" ${parameters}; then :
else
${listings.map(({ shell }) => shell).join("\n")}
fi
`;
}

/** Who looks at so many names has helpers. */
const manyNames = 64;
const processes = 4;

const basics = String.raw`
my $tag = shift;
my $now = time;
my $said = "";
# WORD, LINES
sub section { $said .= join("", "\n$tag ", shift, "\n", @_); }
# The names in a folder; nothing when it cannot be read.
sub names { opendir(FOLDER, $_[0]) or return (); return sort readdir FOLDER; }
# SUB, NAMES: begins a process that says what the sub says of each; gives what waits for that. Where no more processes may begin, it is said here.
sub helper {
  my ($tell, @names) = @_;
  my $pid = pipe(my $from, my $to) ? fork : undef;
  return sub { join "", map { $tell->($_) } @names } unless defined $pid;
  if ($pid == 0) {
    close STDOUT;
    print $to join("", map { $tell->($_) } @names), "whole";
    exit;
  }
  close $to;
  return sub { local $/; my $lines = <$from>; $lines =~ s/whole\z// or exit 1; return $lines; };
}
# SUB, NAMES: what the sub says of each, in their order. Of many by a few processes: what a file server must be asked for is waited for.
sub beside {
  my ($tell, @names) = @_;
  my $size = @names < ${String(manyNames)} ? @names : int(@names / ${String(processes)}) + 1;
  my @own = splice @names, 0, $size;
  my @helpers;
  push @helpers, helper($tell, splice @names, 0, $size) while @names;
  return join "", (map { $tell->($_) } @own), map { $_->() } @helpers;
}
`;

/** At the end, and at once: who falls back to the shell has heard nothing before. */
const speaking = String.raw`
for (my $at = 0; $at < length $said;) { $at += syswrite(STDOUT, $said, length($said) - $at, $at) || exit 1; }
`;
