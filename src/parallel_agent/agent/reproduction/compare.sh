# Times original and best in turns (ABBA) on every file of inputs, and compares what they answer.
# usage: sh compare.sh ROUNDS
set -eu

median() {
    sort -g "$1" | awk '{ at[NR] = $1 } END { print (at[int((NR + 1) / 2)] + at[int(NR / 2) + 1]) / 2 }'
}

# The last line is the time: a kernel may print lines of its own.
run() {
    ./"time_$1" "$inputs" "$1.out" "$calls" 3 >printed.out
    tail -n 1 printed.out >>"$1.seconds"
}

printf '%-14s  %12s  %12s  %7s  %s\n' inputs 'original s' 'best s' ratio results
while read -r inputs calls shown; do
    rm -f original.seconds best.seconds
    round=0
    while [ "$round" -lt "$1" ]; do
        if [ $((round % 2)) -eq 0 ]; then run original; run best; else run best; run original; fi
        round=$((round + 1))
    done
    if cmp -s original.out best.out; then
        results='identical to the last bit'
    else
        results='differ: the tolerance is in contract.toml of the run'
    fi
    awk -v inputs="$inputs" -v a="$(median original.seconds)" -v b="$(median best.seconds)" \
        -v results="$results ($shown)" \
        'BEGIN { printf "%-14s  %12.6g  %12.6g  %7.2f  %s\n", inputs, a, b, a / b, results }'
done <inputs.txt
