#!/bin/sh
# Sees to what pip cannot install: a C++ compiler, make, prlimit, and a Python with venv.
#
# Does nothing where all is there. Otherwise root gets it installed with apt-get; everybody else is
# told the command and the exit status is 3. Bubblewrap is installed for root too, and everybody else
# is told of it: without, the sandbox has another launcher. With the argument "race-detector", "browser"
# or "cmake" it sees to that alone, for the tests.
set -eu

# What some tests need, as far as it can be had: without, they are skipped.
optional() {
    packages=$1
    if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" -eq 0 ]; then
        echo "apt-get install --yes --no-install-recommends $packages"
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq || true
        # shellcheck disable=SC2086
        apt-get install --yes --no-install-recommends -qq $packages >/dev/null && exit 0
    fi
    echo "$2 To have it: apt-get install $packages" >&2
    exit 0
}

case "${1:-}" in
race-detector)
    ls /usr/lib/llvm-*/lib/libarcher.so >/dev/null 2>&1 && exit 0
    optional "clang-19 libomp-19-dev libclang-rt-19-dev llvm-19" \
        "No race detector: its tests are skipped."
    ;;
browser)
    for name in chromium chromium-browser google-chrome; do
        command -v "$name" >/dev/null 2>&1 && exit 0
    done
    optional "chromium fonts-dejavu-core" "No browser: the tests of reports in one are skipped."
    ;;
cmake)
    command -v cmake >/dev/null 2>&1 && exit 0
    optional cmake "No cmake: the test of a CMake project is skipped."
    ;;
esac

if ! command -v bwrap >/dev/null 2>&1; then
    install="apt-get install --yes --no-install-recommends bubblewrap"
    if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" -eq 0 ]; then
        echo "$install"
        export DEBIAN_FRONTEND=noninteractive
        { apt-get update -qq && $install -qq; } >/dev/null 2>&1 || true
    fi
    command -v bwrap >/dev/null 2>&1 ||
        echo "No bubblewrap: the sandbox uses its second launcher. To have it: $install" >&2
fi

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
