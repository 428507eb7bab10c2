# What zsh offers for a line with the packaged completions: one word a line.
#
#   zsh -f offered.zsh DIRECTORY LINE
#
# zsh completes at a terminal only, so one is made, and what is added to the list of matches is printed instead.
zmodload zsh/zpty || exit 2
local dump=$(mktemp -d)
trap 'rm -rf $dump' EXIT
zpty terminal zsh -f -i
local setup="
PROMPT=
autoload compinit
fpath=(${(q)1} \$fpath)
compinit -u -d ${(q)dump}/dump
bindkey '^I' complete-word
zstyle ':completion:*' insert-tab false
edge () { print -r -- \$'\\1edge' }
compprefuncs=(edge)
comppostfuncs=(edge exit)
compadd () {
  if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then
    builtin compadd \"\$@\"
    return
  fi
  local -a matches
  builtin compadd -A matches \"\$@\"
  (( \$#matches )) && print -rl -- \$matches
}
print -r ready
"
print -r -- $setup >$dump/setup
zpty -w terminal "source ${(q)dump}/setup"
local line
while zpty -r terminal line; do
  [[ $line == ready* ]] && break
done
zpty -w -n terminal "$2"$'\t'
integer inside=0
while zpty -r terminal line; do
  line=${line%$'\r\n'}
  line=${line%$'\n'}
  line=${line%$'\r'}
  if [[ $line == *$'\1edge' ]]; then
    (( inside )) && exit 0
    inside=1
  elif (( inside )); then
    print -r -- $line
  fi
done
exit 2
