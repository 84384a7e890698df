#!/bin/sh
# Sees to what pip cannot install: a C++ compiler, make, prlimit, and a Python with venv.
#
# Does nothing where all is there. Otherwise root gets it installed with apt-get; everybody else is
# told the command and the exit status is 3.
set -eu

find_python() {
    for python in python3.13 python3.12 python3.11 python3; do
        if "$python" -c "import sys$1; sys.exit(sys.version_info < (3, 11))" 2>/dev/null; then
            echo "$python"
            return
        fi
    done
}

missing=
add() { missing="$missing $1"; }

command -v g++ >/dev/null 2>&1 || add g++
command -v make >/dev/null 2>&1 || add make
command -v prlimit >/dev/null 2>&1 || add util-linux
if [ -z "$(find_python ', ensurepip')" ]; then
    python=$(find_python '')
    add "${python:-python3}-venv"
fi
[ -n "$missing" ] || exit 0

command="apt-get install --yes --no-install-recommends$missing"
if ! command -v apt-get >/dev/null 2>&1; then
    echo "This machine lacks:$missing (names of Debian packages)" >&2
    echo "Install them with your package manager and run make again" >&2
    exit 3
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "This machine lacks:$missing" >&2
    echo "Run: sudo apt-get update && sudo $command" >&2
    exit 3
fi
echo "$command"
export DEBIAN_FRONTEND=noninteractive
# Lists that are old or missing are the usual reason for a failure.
$command -qq >/dev/null 2>&1 || { apt-get update -qq && $command -qq >/dev/null; } || exit 3
if [ -z "$(find_python ', ensurepip')" ]; then
    echo "The system's Python is older than 3.11" >&2
    echo "Install Python 3.11 or newer, as python3.11 or python3, and run make again" >&2
    exit 3
fi
