# fish completion for iot; load it with: iot completion fish | source
function __iot_complete
    set -l words (commandline -cop)
    set -l line (string replace -r '^\s*\S+\s?' '' -- (commandline -cp))
    $words[1] "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null | string match -v -r '^/[?h]$'
end
complete -c iot -a '(__iot_complete)'
