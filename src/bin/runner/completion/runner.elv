# Completes the command line of runner in elvish, by asking runner what can stand where the cursor is.
#
#   eval (runner completions elvish | slurp)     in ~/.config/elvish/rc.elv

use str

set edit:completion:arg-completer[runner] = {|@words|
    var current = $words[-1]
    # The value of `--option=` is completed as if it stood alone.
    var option = ''
    if (and (str:has-prefix $current --) (str:contains $current =)) {
        var name value = (str:split &max=2 = $current)
        set option = $name'='
        set current = $value
    }
    var files = {|is-offered|
        edit:complete-filename $current | each {|file|
            if ($is-offered $file[stem]) {
                edit:complex-candidate $option$file[stem] &code-suffix=$file[code-suffix]
            }
        }
    }
    var lines = []
    try {
        set lines = [(e:runner completions elvish -- (all $words[1..]) 2>/dev/null | from-lines)]
    } catch e {
    }
    for line $lines {
        var @parts = (str:split "\t" $line)
        if (eq $line :files) {
            $files {|name| put $true }
        } elif (eq $line :directories) {
            $files {|name| str:has-suffix $name / }
        } elif (str:has-prefix $line ':scripts ') {
            # Those of the extensions, those of none, and directories.
            var extensions = [(str:split ' ' $line)][1..]
            $files {|name|
                var last = [(str:split / $name)][-1]
                or (eq $last '') (not (str:contains $last .)) (has-value $extensions [(str:split . $last)][-1])
            }
        } elif (== (count $parts) 2) {
            edit:complex-candidate $parts[0] &display=$parts[0]'  ('$parts[1]')'
        } else {
            put $line
        }
    }
}
