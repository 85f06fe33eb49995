# What the throwaway servers have in common; sourced by mariadb-throwaway and mysql-throwaway, which say in functions
# of theirs how to make one (install), run it (serve, as a job) and talk to it (ping, client).
# shellcheck shell=bash

set -euo pipefail

# Its path stays short: a socket has a limit of about 100 characters.
home=$(mktemp -d -t leadmaster-db.XXXXXX)
socket="$home/s"
server=""
command=""

# Each job gets a process group of its own: a Ctrl-C meant for the command does not reach the server, and the command
# can be stopped together with everything it started.
set -m

clean_up() {
    status=$?
    trap - EXIT HUP INT TERM
    set +e
    if [ -n "$command" ]; then
        # SIGINT, so that a test run takes down what it started.
        kill -INT -- "-$command" 2>/dev/null
        wait "$command" 2>/dev/null
    fi
    if [ -n "$server" ]; then
        # Nothing in it is worth a clean shutdown.
        kill -KILL "$server" 2>/dev/null
        wait "$server" 2>/dev/null
    fi
    rm -rf "$home"
    exit "$status"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

run_as=()
if [ "$(id -u)" -eq 0 ]; then run_as=(--user=root); fi

# What both servers are told. FLUSH_LOG=1 waits for the disk at every commit, as production does; without it nothing
# waits for a disk at all.
options() {
    printf '%s\n' --datadir="$home/data" --tmpdir="$home" --socket="$socket" --pid-file="$home/pid" \
        --bind-address=127.0.0.1 --port="$port" --skip-name-resolve --skip-log-bin --skip-networking=0 \
        --character-set-server=utf8mb4 --max-connections=500 --innodb-buffer-pool-size="${BUFFER_POOL:-256M}" \
        --innodb-flush-log-at-trx-commit="${FLUSH_LOG:-2}"
    if [ "${FLUSH_LOG:-2}" != 1 ]; then printf '%s\n' --innodb-flush-method=nosync --skip-innodb-doublewrite; fi
}

start() {
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    mapfile -t told < <(options)
    serve "${told[@]}" >"$home/server.log" 2>&1 </dev/null &
    server=$!
    for _ in $(seq 600); do
        if ping >/dev/null 2>&1; then return 0; fi
        if ! kill -0 "$server" 2>/dev/null; then return 1; fi
        sleep 0.1
    done
    return 1
}

# throwaway COMMAND [ARGUMENT…]: with DATABASE_URL, against a new server.
throwaway() {
    install >"$home/install.log" 2>&1 || { cat "$home/install.log" >&2; exit 1; }
    # The free port may be taken between the look and the start: once more, then give up and say why.
    start || start || { cat "$home/server.log" >&2; exit 1; }
    client <<'SQL'
CREATE USER 'leadmaster'@'127.0.0.1' IDENTIFIED BY 'throwaway';
GRANT ALL ON *.* TO 'leadmaster'@'127.0.0.1';
CREATE DATABASE leadmaster CHARACTER SET utf8mb4;
SQL
    export DATABASE_URL="mysql://leadmaster:throwaway@127.0.0.1:$port/leadmaster"
    # As a job, so that a signal to this script is handled at once and not after the command.
    "$@" &
    command=$!
    status=0
    wait "$command" || status=$?
    command=""
    exit "$status"
}
