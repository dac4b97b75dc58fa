# Completes the command line of runner in PowerShell, by asking runner what can stand where the cursor is.
#
#   runner completions powershell | Out-String | Invoke-Expression     in the file that $PROFILE names

Register-ArgumentCompleter -Native -CommandName runner -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements | Select-Object -Skip 1 |
            Where-Object { $_.Extent.StartOffset -lt $cursorPosition } |
            ForEach-Object { if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $_.Value } else { $_.ToString() } })
    # After a space a new word begins, which is empty yet.
    if ($wordToComplete -eq '') { $words += '' }
    # The value of `--option=` is completed as if it stood alone.
    $option = ''
    $value = $wordToComplete
    if ($wordToComplete -match '^(--[^=]*=)(.*)$') { $option = $Matches[1]; $value = $Matches[2] }
    $files = {
        param($isOffered)
        [System.Management.Automation.CompletionCompleters]::CompleteFilename($value) |
            Where-Object { & $isOffered $_ } |
            ForEach-Object {
                [System.Management.Automation.CompletionResult]::new(
                    $option + $_.CompletionText, $_.ListItemText, $_.ResultType, $_.ToolTip)
            }
    }
    $program = Get-Command -CommandType Application -Name runner -ErrorAction SilentlyContinue | Select-Object -First 1
    if (-not $program) { return }
    foreach ($line in (& $program completions powershell -- @words 2>$null)) {
        switch -Wildcard ($line) {
            ':files' { & $files { $true } }
            ':directories' { & $files { param($file) $file.ResultType -eq 'ProviderContainer' } }
            ':scripts *' {
                # Those of the extensions, those of none, and directories.
                $extensions = $line.Split(' ') | Select-Object -Skip 1
                & $files {
                    param($file)
                    $extension = [System.IO.Path]::GetExtension($file.ListItemText).TrimStart('.')
                    $file.ResultType -eq 'ProviderContainer' -or $extension -eq '' -or $extension -in $extensions
                }
            }
            default {
                $text, $says = $line.Split("`t", 2)
                if ($text.StartsWith($wordToComplete)) {
                    if (-not $says) { $says = $text }
                    [System.Management.Automation.CompletionResult]::new($text, $text, 'ParameterValue', $says)
                }
            }
        }
    }
}
