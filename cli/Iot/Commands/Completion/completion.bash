# bash completion for iot; load it with: source <(iot completion bash)
_iot_complete() {
  local command=${COMP_WORDS[0]} line=${COMP_LINE:0:COMP_POINT} word=${COMP_WORDS[COMP_CWORD]} found
  line=${line#*"$command"}
  line=${line# }
  COMPREPLY=()
  while IFS= read -r found; do
    case $found in
      /[?h]) ;;
      "$word"*) COMPREPLY+=("$found") ;;
    esac
  done < <("$command" "[suggest:${#line}]" "$line" 2>/dev/null)
}
complete -o default -F _iot_complete iot ./iot
