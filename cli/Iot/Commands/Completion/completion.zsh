#compdef iot
# zsh completion for iot; load it with: source <(iot completion zsh), or save it as _iot in a folder of $fpath
_iot_complete() {
  local line found
  line=${BUFFER[1,CURSOR]#*$words[1]}
  line=${line# }
  found=(${(f)"$($words[1] "[suggest:${#line}]" "$line" 2>/dev/null)"})
  found=(${found:#/[?h]})
  compadd -a found || _files
}
if [ "$funcstack[1]" = "_iot" ]; then
  _iot_complete "$@"
else
  compdef _iot_complete iot
fi
