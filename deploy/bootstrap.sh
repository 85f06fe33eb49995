#!/usr/bin/env bash
# Brings a machine to the point where LeadMaster runs, and leaves a machine that is there already alone.
#
#   deploy/bootstrap.sh base          .venv with requirements/base.txt (SQLite; no compiler)
#   deploy/bootstrap.sh mysql         the same with mysqlclient
#   deploy/bootstrap.sh dev           everything that tests, lints and types the project
#   deploy/bootstrap.sh bench         dev, and the peers that the benchmarks measure against
#   deploy/bootstrap.sh apt PACKAGE…  Debian packages, only those that are missing
#
# VENV names another place for the environment, PYTHON another interpreter.

set -euo pipefail
cd "$(dirname "$0")/.."

VENV=${VENV:-.venv}
PYTHON=${PYTHON:-python3}

say() { printf '%s\n' "$*"; }
stop() {
    printf '\n%s\n' "$*" >&2
    exit 1
}

# --- Debian packages ----------------------------------------------------------------------------------------------

have_package() { [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif [ -t 0 ]; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}

apt_install() {
    local missing=()
    for package in "$@"; do
        have_package "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null || stop "These packages are missing and this is no Debian: ${missing[*]}. Install their like and run the same command again."
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
        stop "These packages are missing: ${missing[*]}. As root, run: apt-get install ${missing[*]}"
    fi
    say "Installing ${missing[*]} …"
    export DEBIAN_FRONTEND=noninteractive
    # The lists may be absent or old; an update that fails is only a problem when the install fails too.
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q >/dev/null || true
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" >/dev/null \
        || stop "apt-get could not install ${missing[*]}. As root, run: apt-get install ${missing[*]}"
}

# --- The Python environment ----------------------------------------------------------------------------------------

make_venv() {
    if [ -x "$VENV/bin/python" ] && "$VENV/bin/python" -c 'import pip' 2>/dev/null; then return; fi
    command -v "$PYTHON" >/dev/null || stop "python3 is missing. As root, run: apt-get install python3"
    "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
        || stop "LeadMaster needs Python 3.11 or later, and $PYTHON is $("$PYTHON" -V | cut -d' ' -f2). Write PYTHON=python3.12, or the like, in front of the command."
    # Debian ships venv without its pip seed until python3-venv is there.
    "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || apt_install python3-venv
    say "Making $VENV …"
    rm -rf "$VENV"
    "$PYTHON" -m venv "$VENV"
}

# Each set holds the ones before it with the same pins, so installing one settles those too.
sets_within() {
    case $1 in
        base) echo base ;;
        mysql) echo base mysql ;;
        dev) echo base mysql dev ;;
        bench) echo base mysql dev bench ;;
    esac
}

stamp() { echo "$VENV/.installed-$1"; }
checksum() { sha256sum "requirements/$1.txt" | cut -d' ' -f1; }

install_python() {
    local set=$1
    make_venv
    if [ "$(cat "$(stamp "$set")" 2>/dev/null)" = "$(checksum "$set")" ]; then return; fi
    say "Installing requirements/$set.txt …"
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "requirements/$set.txt" \
        || stop "pip could not install requirements/$set.txt: see the lines above. Without a way to the package index nothing can be installed; run the same command again when there is one."
    for inner in $(sets_within "$set"); do checksum "$inner" >"$(stamp "$inner")"; done
}

case ${1:-} in
    base) install_python base ;;
    mysql | dev | bench)
        # mysqlclient is built here.
        apt_install gcc pkg-config libmariadb-dev libc6-dev
        # Only Debian's own Python keeps its headers in a package; any other brings them.
        header=$("$PYTHON" -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h
        [ -f "$header" ] || apt_install python3-dev
        install_python "$1"
        ;;
    apt)
        shift
        apt_install "$@"
        ;;
    *)
        sed -n '2,11s/^# \{0,1\}//p' "$0"
        exit 2
        ;;
esac
