/** Output that goes into more than one log. */
export const pipeFunctions = `
# A pipe BASE.pipe whose reader, COMMAND..., outlives signals: its lines go into the log of the whole. Fails where there are no pipes.
slipway_open_pipe() { # BASE COMMAND...
  slipway_pipe=$1.pipe
  shift
  rm -f -- "$slipway_pipe"
  mkfifo -m 600 "$slipway_pipe" 2>/dev/null || return 1
  (trap '' TERM INT HUP USR1 USR2 XCPU ALRM; exec "$@") <"$slipway_pipe" >>"$slipway_attempt_base.log" 2>&1 &
  slipway_readers="$slipway_readers $!"
}

# All that was printed has arrived when the readers are gone; what left the command's process group may hold them up.
slipway_close_pipes() {
  slipway_tries=0
  for slipway_each in $slipway_readers; do
    while kill -0 "$slipway_each" 2>/dev/null && [ "$slipway_tries" -lt 30 ]; do
      slipway_tries=$((slipway_tries + 1))
      sleep 0.1 2>/dev/null || sleep 1
    done
    kill -KILL "$slipway_each" 2>/dev/null
  done
  slipway_readers=''
  rm -f -- "$slipway_attempt_base".pipe "$slipway_attempt_base".*.pipe
}

# Standard error has a log of its own, BASE.err, besides its place among all output: BASE FURTHER_LOG...
slipway_open_stderr() {
  [ -n "\${slipway_stderr-}" ] || return 1
  slipway_err=$1.err
  shift
  slipway_open_pipe "$slipway_err" tee -a -- "$slipway_err" "$@"
}
`;
