# Runs a pooler and watches over it. When the parent is gone, whatever the cause, our standard input ends, and
# so does the pooler.
#   $1 the directory: it holds `ini` and gets `log`, and is removed at the end   $2 the pooler's program

trap '' INT TERM HUP

"$2" "$1/ini" >"$1/log" 2>&1 </dev/null &
pooler=$!

while read -r _; do :; done

kill -s KILL "$pooler" 2>/dev/null
wait "$pooler" 2>/dev/null
rm -rf "$1"
