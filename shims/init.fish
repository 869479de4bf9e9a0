# Printed by `agentguard init fish`; take it in with: agentguard init fish | source
# Keeps the shim folder first on PATH, exactly once. Starts no process and prints nothing.

# The preexec event comes after every prompt hook, so a tool that prepends later does not win.
function _agentguard_path --on-event fish_prompt --on-event fish_preexec --description 'agentguard: shims first on PATH'
    set -l dir @SHIMS@
    set -l --path wanted $dir
    for element in $PATH
        if builtin test "$element" != "$dir"
            set -a wanted $element
        end
    end
    # Path lists in quotes are joined by colons. Only where something changed is PATH touched.
    if builtin test "$wanted" != "$PATH"
        set -gx PATH $wanted
    end
    return 0
end

set -gx AGENTGUARD_SHIM_DIR @SHIMS@
_agentguard_path
