# Printed by `agentguard init sh`; take it in with: eval "$(agentguard init sh)"
# Puts the shim folder first on PATH, exactly once. Starts no process and prints nothing.
# POSIX shells have no prompt hook: call _agentguard_path again after something prepends to PATH.

# Every element is followed by a colon here, so an empty list and a list with one empty element
# (the working folder) stay different, and the quotes keep glob characters of the folder literal.
# POSIX has no local variables, hence the long names.
_agentguard_path() {
    _agentguard_dir=@SHIMS@
    _agentguard_rest="${PATH:+:$PATH}:"
    while _agentguard_next=${_agentguard_rest%%":$_agentguard_dir:"*}
        [ "$_agentguard_next" != "$_agentguard_rest" ]; do
        _agentguard_rest="$_agentguard_next:${_agentguard_rest#*":$_agentguard_dir:"}"
    done
    # The assignment also makes the shell forget where it found commands before.
    PATH="$_agentguard_dir${_agentguard_rest%:}"
    \unset _agentguard_dir _agentguard_rest _agentguard_next
    \return 0
}

AGENTGUARD_SHIM_DIR=@SHIMS@
\export AGENTGUARD_SHIM_DIR PATH
_agentguard_path
