#!/bin/bash
# shellcheck disable=SC1091,SC2154
# test_snap.sh - a capture with a snap length of 128 or 96 bytes gives the numbers of the full one, in
# every column of every table but those named here; where options were cut, that is said, once.
source "$(dirname "$0")/lib.sh"

# What may differ: names of files, and what says that payload was not captured.
MAY_DIFFER="'capture.path', 'meta.value', 'subflow_direction.truncated_bytes',
    'subflow_direction.truncated_packets'"

# same FULL SNAPPED: prints the columns that differ otherwise.
same() {
    query "$1" "WITH k(t, c) AS (SELECT m.name, '\"' || i.name || '\"' FROM sqlite_master m,
            pragma_table_info(m.name) i WHERE m.type = 'table'
            AND m.name || '.' || i.name NOT IN ($MAY_DIFFER))
        SELECT 'SELECT ''' || t || '.' || replace(c, '\"', '') || ''' WHERE EXISTS (SELECT rowid, ' || c
            || ' FROM main.' || t || ' EXCEPT SELECT rowid, ' || c || ' FROM s.' || t
            || ') OR (SELECT count(*) FROM main.' || t || ') <> (SELECT count(*) FROM s.' || t || ');'
        FROM k" >"$work/compare.sql"
    (echo "ATTACH '$2' AS s;" && cat "$work/compare.sql") | sqlite3 -bail "$1" 2>&1
}

# snapped FULL BYTES: analyzes both; "same", "cut" where options were, or what is wrong.
snapped() {
    local full=$work/full.db options

    "$program" analyze -q -f "$1" -o "$full" >/dev/null 2>&1
    python3 tests/truth/rewrite.py "$1" "$work/snapped.pcap" snap "$2"
    db=$work/snapped.db
    "$program" analyze -q -f "$work/snapped.pcap" -o "$db" >"$work/out" 2>&1
    options=$(query "$db" "SELECT sum(truncated_packets) FROM capture")
    if [ "$options" = 0 ]; then
        problem=$(same "$full" "$db")
        grep -q 'snap length too small' "$work/out" && problem="$problem; says that options were cut"
        echo "${problem:-same}"
        return
    fi
    [ "$("$program" show -q "$db" | grep -c '^OPTIONS CUT in')" = 1 ] || echo "show does not say it once"
    [ "$("$program" list -q "$db" | grep -c '^OPTIONS CUT in')" = 1 ] || echo "list does not say it once"
    [ "$(grep -c 'snap length too small' "$work/out")" = 1 ] || echo "the summary does not say it once"
    echo cut
}

# Those of lab/ have one of 128 bytes already.
for capture in testdata/gen/*.pcap testdata/whole/*/*.pcap; do
    is=$(snapped "$capture" 128)
    report "128 bytes: ${capture#testdata/}" "${is#same}"
done
# Without a link-layer header 96 bytes are enough for IPv4 and all options.
for capture in testdata/lab/*/client.pcap testdata/whole/*/server.pcap; do
    case $capture in
    */dual-stack/* | */ipv6/*) continue ;;
    */loss/* | */path-down/* | */server-join/* | */whole/*) ;;
    *) test -n "$thorough" || continue ;;
    esac
    python3 tests/truth/rewrite.py "$capture" "$work/raw.pcap" raw
    is=$(snapped "$work/raw.pcap" 96)
    report "96 bytes: ${capture#testdata/}" "${is#same}"
done
for capture in testdata/lab/{dual-stack,two-path-download}/server.pcap testdata/gen/addresses-ipv6.pcap; do
    is=$(snapped "$capture" 96)
    report "96 bytes cut options, it says: ${capture#testdata/}" "${is#cut}"
done

# What needs the payload is not judged without it, and says so.
capture=testdata/whole/fallback-checksum/server.pcap
python3 tests/truth/rewrite.py "$capture" "$work/snapped.pcap" snap 128
"$program" analyze -q -f --dss-checksums "$capture" -o "$work/full.db" >/dev/null
"$program" analyze -q -f --dss-checksums "$work/snapped.pcap" -o "$work/snapped.db" >/dev/null
expect "checksums are not checkable without payload" "$work/snapped.db" "ATTACH '$work/full.db' AS f;
    SELECT DISTINCT f.rule_id, f.verdict, s.verdict, s.evidence FROM finding s JOIN f.finding f
    USING (rule_id, connection_id) WHERE s.verdict <> f.verdict" \
    "DSS-04|violation|not_checkable|not in this capture: all payload bytes"
report "TCP checksums that cannot be verified are counted" "$("$program" analyze -q --verify-checksums \
    "$work/snapped.pcap" | grep -q 'not captured whole: TCP checksum not verified' || echo no)"
plan
