#!/bin/bash
# shellcheck disable=SC1091,SC2154
# test_bench.sh - the generator of the benchmark writes what it says, counted by a reader of its own; the
# analyzer finds that; scripts/bench says so, and finds it out where that is not so.

. "$(dirname "$0")/lib.sh"

generator=build/release/tests/gen/gen_bench
need "$generator"

# counted NAME OPTION...: leaves $work/NAME.pcap, .json and .count.
counted() {
    local name=$1
    shift
    "$generator" "$@" -o "$work/$name.pcap" --truth "$work/$name.json"
    problem=$(python3 tests/truth/count_bench.py "$work/$name.pcap" 2>&1 >"$work/$name.count" | tail -1)
    report "$name: what is told is there" "$problem$(diff <(sed -n 's/^ *"\(.*\)": \([0-9]*\),*$/\1 \2/p' \
        "$work/$name.json" | sort) <(grep -v '^size_\|^with_' "$work/$name.count" | sort))"
}

counted mixed --mode many --mixed --connections 3000 --concurrency 100 --subflows 5
counted bulk-v0 --version 0 --bytes 10000000 --subflows 3
counted bulk-v1 --bytes 10000000 --subflows 3
counted many-v0 --mode many --version 0 --connections 300 --concurrency 30 --subflows 5

# In percent of the connections; 3000 of them have three standard deviations of 2.7 at most.
report "sizes and subflows have the shares of the study" "$(awk '
    { n[$1] = $2 }
    function is(name, percent) {
        got = n[name] * 100 / n["connections"]
        if (got < percent - 2.7 || got > percent + 2.7) print name, "is", got, "%, not", percent
    }
    END {
        is("size_empty", 12); is("size_1k", 15); is("size_10k", 65); is("size_large", 8)
        is("with_one", 61); is("with_two", 23); is("with_more", 16); is("version_0", 50)
        is("ended_data_fin", 80); is("ended_fastclose", 10); is("ended_reset", 5); is("ended_not", 5)
    }' "$work/mixed.count")"
report "losses and copies are in all of them" "$(awk '/^re(transmitted|injected)_bytes 0$/ { print FILENAME, $0 }' \
    "$work"/{mixed,bulk-v0,bulk-v1}.count)"

for name in mixed bulk-v0 bulk-v1 many-v0; do
    "$program" check -q "$work/$name.pcap" >"$work/out" 2>&1
    status=$?
    report "$name breaks no rule" "$([ "$status" -eq 0 ] || cat "$work/out")"
done

bench() { # SET...
    BENCH_DIR=$work BENCH_SCALE=${scale:-0.005} BENCH_ROUNDS=${rounds:-2} MPTCPSCOPE=$program scripts/bench "$@" >"$work/out" 2>&1
}

rm "$work"/*.json
bench mixed bulk-v0 length-20000
status=$?
report "totals are found" "$([ "$status" -eq 0 ] || echo "exit $status")$(grep -h -A99 '^$' "$work/out" |
    grep totals | grep -vw met)"
report "each way to run is timed" "$(for name in libpcap mptcpscope no-db no-rules no-metrics model; do
    grep -Eq "^mixed +$name +[0-9]+ +[0-9]+ +[0-9]+ +[0-9.]+ +[0-9.]+ +[0-9.]+$" "$work/out" || echo "$name is missing"
done)"
report "each limit is told" "$(for words in 'mixed +CPU at most 6 x libpcap' 'mixed +wall time at most 3.5 x libpcap' \
    'mixed +at most 0 totals' 'bulk-v0 +CPU at most 2.5 x libpcap' 'bulk-v0 +wall time at most 1.6 x libpcap'; do
    grep -Eq "^$words.* [0-9.]+  (met|NOT MET)$" "$work/out" || echo "$words: is missing"
done)"

for name in plain_connections reinjected_bytes; do
    cp "$work/mixed.json" "$work/truth"
    sed -i "s/\"$name\": /&1/" "$work/mixed.json"
    rounds=1 bench mixed
    problem="exit $?: $(cat "$work/out")"
    ! grep -q "^mixed: $name is" "$work/out" || ! grep -Eq 'at most 0 totals .* 1.00  NOT MET$' "$work/out" ||
        problem=${problem##exit 1:*}
    report "another $name is found out" "$problem"
    mv "$work/truth" "$work/mixed.json"
done

if [ -n "$thorough" ]; then
    rounds=1 scale=1 bench length-1000000 length-5000000
    report "a connection five times as long takes no more memory" "$(grep -Eq \
        '^length +memory at most 1.2 x length-1000000 .* met$' "$work/out" || cat "$work/out")"
else
    skip "a connection five times as long takes no more memory" "700 MB: make check-thorough"
fi
plan
