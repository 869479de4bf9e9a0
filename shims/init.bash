# Printed by `agentguard init bash`; take it in with: eval "$(agentguard init bash)"
# Keeps the shim folder first on PATH, exactly once. Starts no process and prints nothing.

# Every element is followed by a colon here, so an empty list and a list with one empty element
# (the working folder) stay different, and the quotes keep glob characters of the folder literal.
_agentguard_path() {
    \builtin local dir rest next
    dir=@SHIMS@
    rest="${PATH:+:$PATH}:"
    while next=${rest%%":$dir:"*}; [[ ${#next} -ne ${#rest} ]]; do
        rest="$next:${rest#*":$dir:"}"
    done
    rest="$dir${rest%:}"
    # Assigning PATH empties the table of known commands: only where something changed.
    if [[ ${PATH-} != "$rest" ]]; then
        PATH=$rest
    fi
    \builtin return 0
}

# Runs before each prompt. Tools that change PATH there come and go, so it moves itself to the end.
_agentguard_prompt() {
    \builtin local status=$?
    _agentguard_path
    _agentguard_last
    case $- in
    # With `set -e` a status other than 0 here would end the shell.
    *e*) \builtin return 0 ;;
    *) \builtin return "$status" ;;
    esac
}

# PROMPT_COMMAND is a string, or since bash 5.1 perhaps an array; a scalar assignment to an array is
# one to its first element. The newline keeps a comment or a semicolon at the end of it harmless.
_agentguard_last() {
    \builtin local mark=$'\n_agentguard_prompt' item rest
    # Not by its count: `set -u` makes that an error for a string (bash 5.2).
    if [[ -n ${PROMPT_COMMAND[1]+set} && $((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1])) -ge 501 ]]; then
        rest=()
        for item in "${PROMPT_COMMAND[@]}"; do
            item=${item//"$mark"/$'\n:'}
            if [[ $item != $'\n:' && $item != _agentguard_prompt ]]; then
                rest+=("$item")
            fi
        done
        PROMPT_COMMAND=(${rest[@]+"${rest[@]}"} _agentguard_prompt)
        \builtin return 0
    fi
    item=${PROMPT_COMMAND-}
    if [[ $item != *"$mark" ]]; then
        # Not cut out: `;` may stand on both sides of it.
        item=${item//"$mark"/$'\n:'}
        # Tools that rewrite the string may have cut the newline off: once is enough.
        if [[ $item != *_agentguard_prompt* ]]; then
            PROMPT_COMMAND=$item$mark
        fi
    fi
    \builtin return 0
}

AGENTGUARD_SHIM_DIR=@SHIMS@
\builtin export AGENTGUARD_SHIM_DIR PATH
_agentguard_path
\builtin hash -r 2>/dev/null || \builtin :
case $- in
*i*) _agentguard_last ;;
esac
