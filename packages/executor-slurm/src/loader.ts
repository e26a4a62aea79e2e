import { callServer } from "@slipway/store";

/** What a script may want beside a shell: a process that makes its calls, see `callServer` of the store. */
export interface CallServerOptions {
  readonly jobDir: string;
  /** Files below it whose sums are the server's first answer. */
  readonly summed: readonly string[];
}

/**
 * The command that reads a script from its standard input, in gzip's format, as `inBraces` made it. Where the server is wanted and there is
 * perl, the shell reads while gzip still starts. Begins nothing that was cut off: a shell runs braces when it has read them to their end.
 */
export function commandOf(tag: string, calls?: CallServerOptions): readonly string[] {
  const served = calls === undefined ? [] : [`${beforeServer}${callServer}`, calls.jobDir, calls.summed.join(" ")];
  return ["sh", "-c", clean, "sh", tag, ...served];
}

/** What the shell is given. `packs`: its answer comes back in gzip's format, after `say PACKED`. */
export function inBraces(script: string, { packs }: { readonly packs: boolean }): string {
  return packs ? `{\n${beginning}say PACKED\n(\n${script}\n) | gzip -1\n}\n` : `{\n${beginning}${script}\n}\n`;
}

/** Source of what is kept: what sbatch and its authentication need (sbatch(1), "INPUT ENVIRONMENT VARIABLES"), and a login's own. */
const keptVariables =
  "HOME USER LOGNAME SHELL PATH LANG LC_ALL LC_CTYPE TZ LD_LIBRARY_PATH SLURM_CONF SLURM_CONF_SERVER KRB5CCNAME";

/** Parameters: tag, and those of the server. What it starts has three: tag, LC_ALL as it was, whether there is a server. */
const clean = `kept="${keptVariables}" tag=$1 all=\${LC_ALL-}
if ! command -v gzip >/dev/null 2>&1; then printf "\\n%s FAIL tool gzip\\n" "$tag"; exit 1; fi
if [ $# -gt 1 ] && command -v perl >/dev/null 2>&1 && command -v sha256sum >/dev/null 2>&1; then
unset PERL5OPT PERL5LIB PERLLIB PERL5DB PERL_UNICODE
export LC_ALL=C
exec perl -e "$2" "$kept" "$3" "$4" sh -s "$tag" "$all" yes 8>&1 9</dev/null
fi
set --
for name in $kept; do eval "[ -z \\"\\\${$name+x}\\" ] || set -- \\"\\$@\\" \\"$name=\\$$name\\""; done
exec env -i "$@" sh -c 'script=$(gzip -dc); eval "$script"' sh "$tag" "$all" ""`;

const beforeServer = `$k=shift;
delete@ENV{grep{" $k "!~/ $_ /}keys%ENV};
open STDIN,"-|","gzip -dc";
`;

const beginning = `tag=$1 lc_all=$2 calls=$3 LC_ALL=C
export LC_ALL
say() { printf "\\n%s %s\\n" "$tag" "$*"; }
fail() { say FAIL "$@"; exit 1; }
printf "\\n%s\\n" "$tag" >&2
exec </dev/null
`;
