# Kakoune with kak-lsp: ~/.config/kak/kakrc
hook -group runner-lsp global BufSetOption filetype=(?:rust|c|cpp|go) %{
    set-option buffer lsp_servers %{
        [runner]
        command = "runner"
        args = ["lsp"]
        root_globs = ["Cargo.toml", ".git"]
    }
}

# Scripts without extension.
hook -group runner-lsp global BufOpenFile .* %{ evaluate-commands %sh{
    case "$(head -n 1 -- "$kak_buffile")" in '#!'*runner*) echo 'set-option buffer filetype rust' ;; esac
} }
