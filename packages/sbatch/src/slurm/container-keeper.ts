/**
 * A script for `sh -c`: runs `RUNTIME run ARGUMENT...` (its `$0` is the runtime), and ends the container when the job is told to end. A
 * container of podman's or docker's is no child of the client that started it, and its first process ignores TERM unless it handles it
 * (pid_namespaces(7)): Slurm's KILL would end the client alone, and the container would go on, on a node that is no longer the job's. It
 * has until shortly before that KILL. Source: slurm.conf(5), KillWait.
 */
export const containerKeeper = `
name=slipway-\${SLURM_JOB_ID-0}-$$ verb=$1 ending=
shift
end() {
  trap "" TERM INT HUP # Also for all that follows: who ends a job may say so twice.
  ending=yes
  # In a session of its own, and no child of this one's: who kills the command, or all that Slurm knows of it, does not kill this.
  (wanted="s/^KillWait *= *\\([0-9]*\\).*/\\1/p" keeper=$$ runtime=$0 name=$name setsid sh -c "
    limit=\\$(scontrol show config 2>/dev/null | sed -n \\"\\$wanted\\")
    [ -n \\"\\$limit\\" ] || limit=30
    if [ \\$limit -gt 10 ]; then limit=\\$((limit - 5)); else limit=\\$((limit - 1)); fi
    while [ \\$limit -gt 0 ] && kill -0 \\$keeper; do sleep 1; limit=\\$((limit - 1)); done
    exec \\$runtime kill \\$name" >/dev/null 2>&1 &)
}
trap end TERM INT HUP
trap : USR1 USR2 # The client passes all signals on.
"$0" "$verb" --name "$name" "$@" &
client=$!
while wait "$client"; code=$?; [ "$code" -gt 128 ] && kill -0 "$client" 2>/dev/null; do :; done
# Told twice, a client ends at once, and may not have passed it on.
if [ -n "$ending" ] && "$0" kill --signal TERM "$name" >/dev/null 2>&1; then
  "$0" attach --no-stdin --sig-proxy=false "$name"
  code=$?
fi
exit "$code"
`;

/** The variable that has it in a job's script. */
export const containerKeeperVariable = "slipway_keep_container";
