# Starts a server and watches over it. The script ends with its parent: the parent holds the other end of our
# standard input, and however it dies, that pipe ends.
#   $1 the directory to make   $2 the directory of the programs   $3 the lines to add to postgresql.conf
#   $4 the socket directory of a primary to copy and follow; empty for a server with data of its own

# A signal to us is meant for our parent, and we act when the parent is gone.
trap '' INT TERM HUP

dir=$1
mkdir -m 700 "$dir" 2>&1 || exit 1
# Lets go of the pipe on which the parent waits for the directory.
exec >"$dir/log" 2>&1

(
    if [ -n "$4" ]; then
        "$2/pg_basebackup" -h "$4" -p 5432 -U postgres -D "$dir/data" -R -X stream -c fast --no-sync
    else
        "$2/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --no-locale --no-sync
    fi &&
        printf '%s' "$3" >>"$dir/data/postgresql.conf" &&
        "$2/postgres" -D "$dir/data"
    echo "$?" >"$dir/exited"
) </dev/null &

while read -r _; do :; done

# The first line of postmaster.pid is the server's process id, also after somebody restarted it; initdb
# writes a negative one, which kill would take for a group.
running() {
    pid=$(sed -n '1{/^[0-9][0-9]*$/p;}' "$dir/data/postmaster.pid" 2>/dev/null)
    if [ -n "$pid" ]; then kill -0 "$pid" 2>/dev/null; else [ ! -e "$dir/exited" ]; fi
}

# QUIT ends a server at once; its data are of no more use. It is repeated, as a server that has just been
# started does not listen yet. CONT is for a server that was stopped by SIGSTOP.
tries=0
while running && [ "$tries" -lt 300 ]; do
    signal=QUIT
    [ "$tries" -lt 200 ] || signal=KILL
    [ -z "$pid" ] || kill -s "$signal" "$pid" 2>/dev/null
    [ -z "$pid" ] || kill -s CONT "$pid" 2>/dev/null
    tries=$((tries + 1))
    sleep 0.05
done

# A killed server could not give its shared memory back. Only its next start finds the memory, and only when
# its last backend is gone.
tries=0
while [ -e "$dir/data/postmaster.pid" ] && [ "$tries" -lt 100 ]; do
    "$2/postgres" --single -D "$dir/data" postgres </dev/null || sleep 0.05
    tries=$((tries + 1))
done

# Backends of a killed server may still be writing.
tries=0
until rm -rf "$dir" 2>/dev/null || [ "$tries" -ge 100 ]; do
    tries=$((tries + 1))
    sleep 0.05
done
