#!/bin/sh
# Verifies each fast version among the files that are given: FOLDER/kernels/NAME/best.cpp against the
# original.cpp and under the contract.toml beside it. Fails where one is rejected.
set -eu
for best in "$@"; do
    kernel=$(dirname "$best")
    parallel-agent verify "$kernel/original.cpp" "$best" --contract "$kernel/contract.toml" --quiet
done
