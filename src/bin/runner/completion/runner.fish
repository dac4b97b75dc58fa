# Completes the command line of runner in fish, by asking runner what can stand where the cursor is.
#
#   runner completions fish | source     in ~/.config/fish/config.fish, or this file as completions/runner.fish beside it

function __runner_candidates
    set -l words (commandline -opc) (commandline -ct)
    # The value of `--option=` is completed as if it stood alone.
    set -l option (string match -r -- '^--[^=]*=' $words[-1]; or echo '')
    set -l value (string replace -r -- '^--[^=]*=' '' $words[-1])
    for line in (command runner completions fish -- $words[2..-1] 2>/dev/null)
        switch $line
            case ':files'
                printf '%s\n' $option(__fish_complete_path $value)
            case ':directories'
                printf '%s\n' $option(__fish_complete_directories $value)
            case ':scripts *'
                # Those of no extension, and directories; then those of the extensions.
                set -l extensions (string split ' ' -- $line)[2..-1]
                for path in (__fish_complete_path $value)
                    set -l name (string split / -- (string split \t -- $path)[1])[-1]
                    if test -z "$name"; or not string match -q '*.*' -- $name; or contains -- (string split . -- $name)[-1] $extensions
                        printf '%s\n' $path
                    end
                end
            case '*'
                printf '%s\n' $line
        end
    end
end

complete -c runner -f -a '(__runner_candidates)'
