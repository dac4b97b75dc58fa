# Completes the command line of runner in nushell, by asking runner what can stand where the cursor is.
#
#   runner completions nushell | save -f ($nu.user-autoload-dirs.0 + /runner.nu)
#
# Nushell has one completer for what is no command of its own: for other commands the one that was there goes on.

$env.config.completions.external.completer = do {
    let before = $env.config.completions.external.completer?
    {|spans: list<string>|
        if $spans.0 != runner {
            return (if $before != null { do $before $spans })
        }
        let current = $spans | last
        let lines = ^runner completions nushell -- ...($spans | skip 1) | complete | get stdout | lines
        let named = $lines | where not ($it starts-with ':') | each {|line|
            let parts = $line | split row "\t"
            {value: $parts.0, description: ($parts | get -o 1 | default '')}
        } | where value starts-with $current
        let asked = $lines | where $it starts-with ':scripts ' | first 1
        if ($asked | is-empty) {
            # Without an answer nushell offers files.
            return (if ($named | is-empty) { null } else { $named })
        }
        # Files of the extensions, those of none, and directories.
        let extensions = $asked.0 | split row ' ' | skip 1
        let files = try { ls ($"($current)*" | into glob) } catch { [] }
        let scripts = $files | where {|file|
            let extension = $file.name | path parse | get extension
            $file.type == dir or $extension == '' or $extension in $extensions
        } | each {|file|
            let name = if $file.type == dir { $"($file.name)/" } else { $file.name }
            {value: (if $name =~ '[\s"`]' { $name | to json --raw } else { $name }), description: ''}
        }
        $named ++ $scripts
    }
}
