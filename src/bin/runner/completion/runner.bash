# Completes the command line of runner in bash, by asking runner what can stand where the cursor is.
#
#   source <(runner completions bash)    in ~/.bashrc, or this file in a directory of bash-completion

_runner() {
    local IFS=$' \t\n' word line candidate extension is_joined=''
    local -a words
    words=()
    # Bash takes `--profile=dev` apart at the equals sign.
    for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
        if [[ -n $is_joined || ($word == = && ${#words[@]} -gt 0) ]]; then
            words[${#words[@]}-1]+=$word
            is_joined=''
            [[ $word != = ]] || is_joined=yes
        else
            words[${#words[@]}]=$word
        fi
    done
    local whole=${words[${#words[@]}-1]-} current
    current=$whole
    [[ $whole != --*=* ]] || current=${whole#*=}

    COMPREPLY=()
    while IFS= read -r line; do
        candidate=${line%%$'\t'*}
        case $candidate in
        :files)
            # Readline's own are quoted as they should be.
            compopt -o default 2>/dev/null
            ;;
        :directories)
            compopt -o dirnames -o nospace 2>/dev/null
            ;;
        :scripts*)
            compopt -o filenames -o default 2>/dev/null
            while IFS= read -r word; do
                if [[ ! -d $word && ${word##*/} == *.* ]]; then
                    extension=${word##*.}
                    [[ " ${candidate#:scripts } " == *" $extension "* ]] || continue
                fi
                COMPREPLY[${#COMPREPLY[@]}]=$word
            done < <(compgen -f -- "$current")
            ;;
        "$whole"*)
            COMPREPLY[${#COMPREPLY[@]}]=${candidate#"${whole%"$current"}"}
            ;;
        esac
    done < <(command runner completions bash -- "${words[@]}" 2>/dev/null)
}

complete -F _runner runner
