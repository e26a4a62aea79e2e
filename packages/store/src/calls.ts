import { quoteShell } from "@slipway/core";

import { compact } from "./lease-functions.ts";

/**
 * A process that does system calls for a shell. Each step of the protocol is one call, and a shell starts a process for each: mkdir(1),
 * mv(1), ln(1), a millisecond and more. Perl starts as fast as one of these, and then does them all, one after another, each with its
 * own answer. Where there is no perl, the tools do: `callFunctions` is not read then.
 *
 * `exec perl -e TEXT DIRECTORY SUMMED COMMAND... 8>&1 9</dev/null` goes on as COMMAND, in the same process and in DIRECTORY, with requests on
 * descriptor 8 and answers on 9. The calls are made in DIRECTORY too. The first answer is not asked for: the sha256sum of the files SUMMED in it (names,
 * separated by spaces), `SUM  NAME` after `SUM  NAME`; they are read while COMMAND starts. Names hold no line end. What it can do it learns
 * from `callFunctions`: those may be kept there, while this travels each time. A request is a line with the number of its words, and each
 * of these in a line; with a + before the number it has no answer of its own, and a failure is the answer of those that follow.
 * Source: perlfunc(1), "open"; perlvar(1), "$^F": handles up to it keep their descriptor when they are opened again, and pass through exec.
 */
export const callServer: string = compact(`
  ($d,$s)=splice@ARGV,0,2;
  $d=chdir$d?0:"$d: $!";
  $d||!$s||open P,"-|","sha256sum $s";
  $^F=9;
  open R,">&=8";
  open S,"<&=9";
  $^F=2;
  pipe A,B;
  pipe C,D;
  if(fork){
  $^F=9;
  open R,">&",\\*B;
  open S,"<&",\\*C;
  exec@ARGV
  }
  close$_ for B,C,R,S,STDIN,STDOUT;
  select D;
  $|=1;
  if($d){print"1 $d\\n"}else{chomp(@s=$s?<P>:());print"0 @s\\n"}
  while($n=<A>){
  $q=$n=~s/^\\+//;
  ($o,@a)=map{$_=<A>;chomp;$_}1..$n;
  if($w eq""){
  $e=$r="";
  if($o eq"eval"){eval$a[0];$e=$@}else{&$do}
  $w="$o: $e"if$e ne""
  }
  next if$q;
  print$w eq""?"0 $r\\n":"1 $w\\n";
  $w=""
  }
`).replaceAll("\n", "");

/** What the server can do: perl for its variables $o (operation), @a (names), $r (answer), $e (why not). */
const operations: string = compact(`
  %each=(
  mkdir=>sub{mkdir$_},
  rmdir=>sub{rmdir$_},
  rm=>sub{unlink$_ or!-l&&!-e},
  touch=>sub{utime(undef,undef,$_)or!-e},
  );
  %pair=(
  mv=>sub{rename$_[0],$_[1]},
  ln=>sub{link$_[0],$_[1]},
  symlink=>sub{symlink$_[0],$_[1]},
  );
  $do=sub{
  if($f=$each{$o}){for(@a){&$f or$e||="$_: $!"}}
  elsif($f=$pair{$o}){&$f(@a)or$e="$a[1]: $!"}
  elsif($o eq"umask"){$r=sprintf"%04o",umask}
  elsif($o eq"write"){
  ($m,$s,$f,@l)=@a;
  $u=umask;
  umask 077 if$m eq"600";
  open(G,">",$f)&&print(G join"\\n",@l)&&(!$s||open(F,"<",$s)&&print(G <F>))&&close G or$e="$f: $!";
  umask$u;
  $e ne""||$m=~/^6(00|44)$/||chmod(oct$m,$f)or$e="$f: $!"
  }
  elsif($o=~/sum/){
  $h=delete$later{$a[0]};
  $h||open$h,"-|","sha256sum",@a or$e="sha256sum: $!";
  if($o eq"sum"){chomp($r=<$h>);close$h}else{$later{$a[0]}=$h}
  }
  elsif($o eq"top"){
  open F,$a[0]or$e="$a[0]: $!";
  $r=0;
  $l=" ";
  for(<F>){s/^(file \\S* \\S* \\S*|symlink - - -) //&&m,^[^/\\n]*,&&$&ne$l and$l=$&,$r++}
  }
  else{$e="unknown"}
  }
`).replaceAll("\n", " ");

/**
 * The shell's side: the tools of these names by the server, where descriptors 8 and 9 lead to one. What a
 * call does is what the tool would do, with its words on standard error. `rm -r`, `mkdir -p` and their like stay the tools'.
 */
export const callFunctions: string = `
# OPERATION NAMES...: its answer is in slipway_answer.
slipway_call() {
  printf "%s\\n" $# "$@" >&8 && IFS=" " read -r slipway_called slipway_answer <&9 || slipway_called='' slipway_answer="$1: no answer"
  [ "$slipway_called" = 0 ] || { printf "%s\\n" "$slipway_answer" >&2; return 1; }
}
# OPERATION NAMES...: nobody waits for it. Its answer is a part of the next call's, which is not made when it has failed.
slipway_queue() { printf "%s\\n" "+$#" "$@" >&8; }
# MODE SHARED FILE LINES TEXT: queues a new file of so many lines, the last of which has no end, and after them what is in the file SHARED.
slipway_queue_file() { printf "%s\\n" "+$(($4 + 4))" write "$1" "$2" "$3" "$5" >&8; }
slipway_call eval ${quoteShell(operations)}
# TOOL ARGUMENTS...
slipway_tool() {
  case "$1 $2" in
  "rm -f") shift 2; slipway_call rm "$@" ;;
  "touch -c") shift 2; slipway_call touch "$@" ;;
  "ln -s") shift 2; slipway_call symlink "$@" ;;
  "mv -f") if [ $# -eq 4 ] && [ ! -d "$4" ]; then slipway_call mv "$3" "$4"; else command "$@"; fi ;;
  *" -"*) command "$@" ;;
  "mv "*) if [ $# -eq 3 ] && [ ! -d "$3" ]; then slipway_call "$@"; else command "$@"; fi ;;
  *) slipway_call "$@" ;;
  esac
}
mkdir() { slipway_tool mkdir "$@"; }
rmdir() { slipway_tool rmdir "$@"; }
mv() { slipway_tool mv "$@"; }
ln() { slipway_tool ln "$@"; }
rm() { slipway_tool rm "$@"; }
touch() { slipway_tool touch "$@"; }
slipway_count_top() { slipway_call top "$1" && slipway_top=$slipway_answer; }
slipway_begin_digest() { slipway_call begin_sum "$1"; }
slipway_digest() { slipway_sum=; slipway_call sum "$1" && slipway_sum=\${slipway_answer%% *}; }
`;
