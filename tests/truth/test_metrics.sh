#!/usr/bin/env bash
# test_metrics.sh - --metrics leaves out what it shall and changes nothing else: every value that is
# not NULL, and every row, is that of the analysis with all metrics.
# shellcheck disable=SC1091,SC2154
. "$(dirname "$0")/lib.sh"

# Prints a problem for each table of $1 whose rows, where not NULL, are not rows of $2.
differences() { # PARTIAL FULL
    local table columns

    for table in $(query "$1" "SELECT name FROM sqlite_schema WHERE type = 'table'
                               AND name NOT LIKE 'sqlite_%' AND name <> 'meta'"); do
        columns=$(query "$1" "SELECT group_concat('(p.\"' || name || '\" IS NULL OR p.\"' || name ||
                              '\" IS f.\"' || name || '\")', ' AND ') FROM pragma_table_info('$table')")
        sqlite3 -bail "$1" "ATTACH '$2' AS whole;
            SELECT '$table: ' || count(*) || ' rows that the whole has not' FROM main.\"$table\" AS p
            WHERE NOT EXISTS (SELECT 1 FROM whole.\"$table\" AS f WHERE $columns)
            HAVING count(*) > 0" 2>&1
    done
}

capture=testdata/lab/loss/client.pcap
full=$work/full.db
"$program" analyze -q "$capture" -o "$full" >"$work/whole.txt"

for wish in none rtt,series data_rtt,retransmission,delay,ack_size -series,-series_acked -reordering; do
    analyze --metrics "$wish" "$capture"
    report "--metrics $wish changes nothing that it measures" "$problem$(differences "$db" "$full")"
done
analyze --metrics all "$capture"
report "--metrics all is the whole" "$problem$(diff <(sqlite3 "$full" .dump | grep -v command_line) \
    <(sqlite3 "$db" .dump | grep -v command_line) | head -5)"

analyze --metrics -burst,-half_path "$capture"
expect "what was left out is in meta" "$db" \
    "SELECT value FROM meta WHERE key = 'metrics_left_out'" "burst, half_path"
expect "its tables are empty" "$db" "SELECT count(*) FROM burst" 0
expect "its columns are NULL" "$db" "SELECT count(response_delay_p50_ns), count(data_rtt_mean_ns) > 0
    FROM connection_direction" "0|1"
analyze --metrics none "$capture"
expect "the story is always told" "$db" "SELECT count(*) FROM v_diagnosis" \
    "$(query "$full" "SELECT count(*) FROM v_diagnosis")"

for view in "plot -o $work/x" "plot --term" "study -o $work/x" "report -o $work/x.html" \
    "export --format tcptrace" "export --format mptcptrace -o $work/x" "show --interval 1"; do
    read -ra words <<<"$view"
    said=$("$program" "${words[0]}" "$db" "${words[@]:1}" 2>&1 >/dev/null)
    status=$?
    report "${words[*]:0:3} says what it lacks" \
        "$(test $status = 1 && grep -q 'measured without .*--metrics' <<<"$said" ||
            echo "exit $status: $said")"
done
report "show says what was not measured" \
    "$("$program" show "$db" | grep -q '^Not measured (--metrics): .*series' || echo "it does not")"
plan
