# Runs a broker, stops it, starts it again and lets it pause as it is told to. When the parent is gone, whatever the cause, our
# standard input ends, and so does the broker.
#   $1 the directory: it holds the configuration and gets `log`, and is removed at the end
#   $2 the signal that stops it
#   the rest: the command, which may write the ids of further processes into `pids`

trap '' INT TERM HUP

directory=$1
signal=$2
shift 2

start() {
    cd "$directory" && "$@" >>log 2>&1 </dev/null &
    server=$!
}

stop() {
    processes="$server $(cat "$directory/pids" 2>/dev/null)"
    kill -s "$signal" $processes 2>/dev/null
    wait "$server" 2>/dev/null
    # Signals that are ignored here are ignored by them too, unless they say otherwise.
    kill -s KILL $processes 2>/dev/null
    rm -f "$directory/pids"
}

# A broker that answers nobody, and still has its connections.
pause() { kill -s STOP $server $(cat "$directory/pids" 2>/dev/null); }

resume() { kill -s CONT $server $(cat "$directory/pids" 2>/dev/null); }

start "$@"
while read -r order; do
    "$order" "$@"
    echo done
done
signal=KILL
stop
rm -rf "$directory"
