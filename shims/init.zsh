# Printed by `agentguard init zsh`; take it in with: eval "$(agentguard init zsh)"
# Keeps the shim folder first on PATH, exactly once. Starts no process and prints nothing.

# Every element is followed by a colon here, so an empty list and a list with one empty element
# (the working folder) stay different. `emulate -L` shields from the user's options.
_agentguard_path() {
    \builtin emulate -L zsh
    \builtin local dir rest next
    dir=@SHIMS@
    rest="${PATH:+:$PATH}:"
    while next=${rest%%":$dir:"*}; [[ $next != "$rest" ]]; do
        rest="$next:${rest#*":$dir:"}"
    done
    rest="$dir${rest%:}"
    # Assigning PATH empties the table of known commands: only where something changed.
    if [[ "${PATH-}" != "$rest" ]]; then
        PATH=$rest
    fi
    \builtin return 0
}

# precmd covers the prompt's tools, preexec those that run after us: it comes last before a command.
_agentguard_hooks() {
    \builtin emulate -L zsh
    \builtin typeset -ga precmd_functions preexec_functions
    precmd_functions=("${(@)precmd_functions:#_agentguard_path}" _agentguard_path)
    preexec_functions=("${(@)preexec_functions:#_agentguard_path}" _agentguard_path)
    \builtin return 0
}

AGENTGUARD_SHIM_DIR=@SHIMS@
\builtin export AGENTGUARD_SHIM_DIR PATH
_agentguard_path
\builtin rehash
_agentguard_hooks
