#compdef runner
# Completes the command line of runner in zsh, by asking runner what can stand where the cursor is.
#
#   source <(runner completions zsh)     in ~/.zshrc, after compinit; or this file as `_runner` in a directory of $fpath

_runner() {
    setopt localoptions extendedglob
    local line extensions result=1
    local -a lines candidates kind
    lines=("${(@f)$(command runner completions zsh -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
    for line in $lines; do
        case $line in
        :*) ;;
        *$'\t'*) candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
        *) candidates+=("${line//:/\\:}") ;;
        esac
    done
    [[ $PREFIX != [-+]* ]] || kind=(-o)
    if (( $#candidates )); then
        _describe $kind runner candidates && result=0
    fi
    # The value of `--option=` is completed as if it stood alone.
    compset -P '--[^=]#='
    for line in $lines; do
        case $line in
        :files) _files && result=0 ;;
        :directories) _files -/ && result=0 ;;
        :scripts*)
            extensions=${${line#:scripts }// /|}
            _files -g "(*.(${~extensions})|^*.*)(-.)" && result=0
            ;;
        esac
    done
    return result
}

# Loaded by compinit it is the function itself; sourced it names it.
if [[ $funcstack[1] == _runner ]]; then
    _runner "$@"
else
    compdef _runner runner
fi
