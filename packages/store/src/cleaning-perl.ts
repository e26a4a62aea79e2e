/**
 * The steps of `cleaning-parts.ts` in one process, for hosts with Perl, which nearly all have: a shell begins several for each. The
 * same steps with the same checks in the same order; what they claim is deleted at the end, by a few `rm` beside each other. Uses no
 * module. 1 tag; standard input and answers as in `cleaning-snippets.ts`. No part of it may hold an apostrophe.
 */
export const stepsInPerl: string = String.raw`
my ($tag) = @ARGV;
my $why = "";
my @claimed = ();
# ENOENT is 2 on every system.
sub is_gone { return !lstat($_[0]) && $! == 2; }
sub is_folder { return -d $_[0] && !-l $_[0]; }
sub base { return (split m{/}, $_[0])[-1]; }
sub refuse { $why = $_[0]; return 1; }
sub no_links {
  for my $path (@_) { if (-l $path) { refuse(base($path) . " is a symbolic link"); return 0; } }
  return 1;
}
# PATH, WHETHER IT WAS TAKEN AWAY
sub step_of {
  return 0 if $_[1];
  my $said = "$!";
  return is_gone($_[0]) ? 2 : refuse($said);
}
sub rename_step {
  my ($from, $to) = @_;
  return 1 unless no_links($from);
  return 2 if is_gone($from);
  return refuse("there is a " . base($to) . " already") unless is_gone($to);
  return step_of($from, rename($from, $to));
}
sub claim_step {
  my ($from, $nonce) = @_;
  my $claim = "store/trash/.del-$nonce";
  my $result = rename_step($from, $claim);
  push @claimed, [$claim] if $result == 0;
  return $result;
}
sub pin_step {
  my ($instance, $pin) = @_;
  if (is_folder($instance) && is_folder("$instance/L")) {
    return 0 if mkdir("$instance/L/$pin") || is_folder("$instance/L/$pin");
  }
  return 2 if is_gone("$instance/L");
  return 1 unless no_links($instance, "$instance/L");
  return refuse("it cannot be written");
}
sub take {
  my ($step, $name, $detail, $number) = @_;
  my ($instance, $trashed) = ("store/code/$name", "store/trash/$name");
  if ($step eq "revoke" || $step eq "drop" || $step eq "unpin") {
    return 1 unless no_links($instance, "$instance/L");
    return step_of("$instance/L/$detail", rmdir("$instance/L/$detail"));
  }
  return pin_step($instance, "p.$detail") if $step eq "pin";
  if ($step eq "close") {
    return 1 unless no_links($instance, "$instance/L");
    return step_of("$instance/L", rmdir("$instance/L"));
  }
  if ($step eq "move") {
    return 2 if is_gone($instance);
    return refuse("it is open") unless is_gone("$instance/L");
    return rename_step($instance, $trashed);
  }
  return claim_step($trashed, $detail) if $step eq "purge";
  return claim_step("store/code/.in-$name", $detail) if $step eq "reclaim";
  if ($step eq "sweep" && $name =~ /^\.del-/) {
    return 1 unless no_links($trashed);
    return 2 if is_gone($trashed) || grep { $_->[0] eq $trashed } @claimed;
    push @claimed, [$trashed, $number];
    return 0;
  }
  return refuse("it is no step");
}
sub run {
  open(STDERR, ">", "/dev/null");
  open(STDOUT, ">", "/dev/null");
  exec { $_[0] } @_;
  exit 127;
}
# COMMAND, PATHS: a few of it at a time, each with its part of them.
sub beside {
  my ($command, @paths) = @_;
  my $count = @paths < 16 ? 1 : 4;
  for my $part (0 .. $count - 1) {
    my @own = @paths[grep { $_ % $count == $part } 0 .. $#paths];
    my $pid = fork;
    run($command->(@own)) if defined $pid && $pid == 0;
    system { "rm" } "rm", "-rf", @own unless defined $pid;
  }
  1 while wait() > 0;
}
sub chmod_command { return ("find", @_, "-type", "d", "!", "-perm", "-700", "-exec", "chmod", "u+rwx", "{}", "+"); }
sub rm_command { return ("rm", "-rf", @_); }
# Who is just taking a tree back has it under its old name: one of the two renames fails. Who may not override modes makes folders writable first.
sub delete_claimed {
  my @paths = map { $_->[0] } @claimed;
  return unless @paths;
  rename("$_/tree", "$_/gone") for @paths;
  beside(\&chmod_command, @paths) if $> != 0;
  beside(\&rm_command, @paths);
  my @left = grep { !is_gone($_) } @paths;
  return unless @left;
  beside(\&chmod_command, @left);
  beside(\&rm_command, @left);
}
my @answers = ();
for my $line (<STDIN>) {
  chomp $line;
  my ($step, $name, $detail) = split / /, $line, 3;
  $why = "";
  my $result = take($step, $name, $detail, scalar @answers);
  push @answers, $result == 0 ? "done" : $result == 2 ? "absent" : "refused $why";
}
delete_claimed();
for (@claimed) {
  my ($path, $number) = @$_;
  $answers[$number] = "refused it cannot be deleted" if defined $number && !is_gone($path);
}
tr/\n/ / for @answers;
print map { "\n$tag $_\n" } (map { "STEP $_" } @answers), "DONE";
`;
