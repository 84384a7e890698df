#!/bin/sh
# Fails where a fast version is wrong now, or is less faster than at another commit beyond the noise.
#
#   check_speedup.sh BASE [FOLDER]
#
# FOLDER is that of a suite (default perf), as 'parallel-agent bench kernels --out perf' left it. Both
# commits are checked and timed here and now, so that machines are not compared with one another.
set -eu
base=$1
folder=${2:-perf}
scratch=$(mktemp -d)
trap 'git worktree remove --force "$scratch/base"; rm -rf "$scratch"' EXIT
git worktree add --quiet --detach "$scratch/base" "$base"

judged() { # exit status 1: worse than on the machine of the record, which is not the question here
    rm -rf "$1/rejudged"
    parallel-agent bench --rejudge "$1" --quiet >&2 || [ $? -eq 1 ]
    ls -d "$1"/rejudged/*
}

before=$(judged "$scratch/base/$folder")
after=$(judged "$folder")
parallel-agent bench --compare "$before" "$after"
