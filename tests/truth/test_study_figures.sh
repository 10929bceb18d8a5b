#!/bin/bash
# shellcheck disable=SC1091,SC2154
# Each figure of a study: its CSV equals what is true of the generated connections.
source "$(dirname "$0")/lib.sh"

if ! command -v gnuplot >/dev/null; then
    echo "1..0 # SKIP gnuplot is not installed"
    exit 0
fi
build/release/tests/gen/gen_study "$work/study.pcap" "$work/facts"
"$program" analyze -q --no-rules "$work/study.pcap" -o "$work/study.db" >/dev/null
words=$("$program" study -q --format png "$work/study.db" -o "$work/study" 2>&1 >/dev/null)
report "figures without a word" "$words"
# Tables f_<name> hold the CSV files, the others the facts.
{
    cat <<'SQL'
CREATE TABLE connection (number, client, server, port, protocol, fallback, side, start INTEGER, end INTEGER,
                         close, subflows INTEGER, pairs INTEGER, path_manager);
CREATE TABLE direction (number, direction, data INTEGER, retransmitted INTEGER, reinjected INTEGER,
                        switches INTEGER, initial INTEGER, slowest, second);
CREATE TABLE "join" (number, delay INTEGER);
CREATE TABLE unused (number, reason, rank);
CREATE TABLE again (number, what, at INTEGER);
CREATE TABLE acks (what, low INTEGER, n INTEGER);
CREATE TABLE burst (number, direction, bytes INTEGER, switches INTEGER);
CREATE TABLE response (number, direction, delay INTEGER);
CREATE TABLE address (number, kind, sent_by, outcome);
CREATE VIEW bytes AS SELECT number, sum(data) AS data FROM direction GROUP BY number;
CREATE VIEW class AS
SELECT number, direction, CASE WHEN data < 100000 THEN 1 WHEN data < 1000000 THEN 2 ELSE 3 END AS line,
       CASE WHEN data < 100000 THEN 'less than 100 kB' WHEN data < 1000000 THEN '100 kB to 1 MB'
            ELSE '1 MB or more' END AS name FROM direction;
.mode csv
SQL
    for kind in connection direction join unused again acks burst response address; do
        awk -F, -v OFS=, -v kind=$kind '$1 == kind { sub(/^[^,]*,/, ""); print }' "$work/facts" >"$work/$kind.facts"
        echo ".import $work/$kind.facts $kind"
    done
    for csv in "$work"/study/*.csv; do
        echo ".import $csv f_$(basename "$csv" .csv)"
    done
} | sqlite3 "$work/truth.db"

# figure NAME EXPECTED: rows of the CSV, in any order; EXPECTED has one column.
figure() {
    local difference
    difference=$(diff <(tail -n +2 "$work/study/$1.csv" | sort) <(sqlite3 "$work/truth.db" "$2" | sort))
    report "$1" "$difference"
}

# distribution NAME SAMPLES: a query for line, name and value.
distribution() {
    local difference row="line || ',' || name || ',' || n || ',' || printf('%.9g,%.9g', CAST(value AS REAL), CAST(percent AS REAL))"
    difference=$(diff <(sqlite3 "$work/truth.db" "SELECT $row FROM f_$1 WHERE CAST(percent AS REAL) > 0" | sort) \
        <(sqlite3 "$work/truth.db" "WITH sample AS MATERIALIZED ($2)
            SELECT DISTINCT $row FROM (SELECT line, name, value,
                (SELECT count(*) FROM sample o WHERE o.line = s.line) AS n,
                100.0 * (SELECT count(*) FROM sample o WHERE o.line = s.line AND o.value <= s.value)
                / (SELECT count(*) FROM sample o WHERE o.line = s.line) AS percent FROM sample s)" | sort))
    report "$1" "$difference"
    report "$1 begins at its smallest value" "$(sqlite3 "$work/truth.db" "WITH least AS (
        SELECT line, CAST(value AS REAL) AS value FROM f_$1 WHERE CAST(percent AS REAL) = 0)
        SELECT * FROM least l WHERE abs(value - (SELECT min(CAST(value AS REAL)) FROM f_$1 f
            WHERE f.line = l.line)) > 1e-9
        UNION ALL SELECT 'lines', NULL WHERE (SELECT count(*) FROM least) <>
            (SELECT count(DISTINCT line) FROM f_$1)")"
}

figure ports "SELECT port || ',' || count(*) || ',' || sum(data) || ',' || sum(fallback <> '')
    FROM connection JOIN bytes USING (number) GROUP BY port"
figure clients "SELECT iif(client LIKE '%:%', 'IPv6,', 'IPv4,') || count(DISTINCT client) || ',' || count(*)
    || ',' || sum(data) FROM connection JOIN bytes USING (number) GROUP BY client LIKE '%:%'"
figure countries "SELECT 'not known,' || count(DISTINCT client) || ',' || count(*) || ',' || sum(data)
    FROM connection JOIN bytes USING (number)"
figure systems "SELECT 'not known,,' || count(DISTINCT client) || ',' || count(*) || ',' || sum(data)
    FROM connection JOIN bytes USING (number)"
figure overview "    SELECT 'connections,' || count(*) || ',' || char(34, 34) FROM connection UNION ALL
    SELECT 'MPTCP connections,' || count(*) || ',' || char(34, 34) FROM connection WHERE protocol = 'mptcp' UNION ALL
    SELECT 'of them fell back later,' || count(*) || ',' || char(34, 34) FROM connection
    WHERE protocol = 'mptcp' AND fallback <> '' UNION ALL
    SELECT 'clients,' || count(DISTINCT client) || ',' || char(34, 34) FROM connection UNION ALL
    SELECT 'servers,' || count(DISTINCT server) || ',' || char(34, 34) FROM connection UNION ALL
    SELECT 'joins ' || what || ',' || count(*) || ',' || char(34, 34) FROM \"join\",
        (SELECT 'attempted' AS what UNION SELECT 'established') GROUP BY what UNION ALL
    SELECT iif(direction = 'c2s', 'data of clients,', 'data of servers,') || sum(data) || ',B'
    FROM direction GROUP BY direction UNION ALL
    SELECT 'retransmitted,' || sum(retransmitted) || ',B' FROM direction UNION ALL
    SELECT 'reinjected,' || sum(reinjected) || ',B' FROM direction UNION ALL
    SELECT 'first to last packet,' || ((max(end) - min(start)) / 1e9) || ',s' FROM connection"
for measure in "duration:(end - start) / 1e9:protocol = 'mptcp'" "size:data:protocol = 'mptcp' AND data > 0"; do
    IFS=: read -r name value condition <<<"$measure"
    distribution "$name" "SELECT 1 AS line, 'all' AS name, $value AS value
        FROM connection JOIN bytes USING (number) WHERE $condition UNION ALL
        SELECT iif(close = 'data_fin', 2, 3), iif(close = 'data_fin', 'closed by DATA_FIN', 'otherwise'), $value
        FROM connection JOIN bytes USING (number) WHERE $condition"
done
figure fallback "SELECT fallback || ',' || port || ',' || side || ',' || count(*) FROM connection
    WHERE fallback <> '' GROUP BY fallback, port, side"
figure subflows "SELECT subflows || ',' || count(*) || ',' || sum(pairs = 1) || ',' || sum(pairs > 1)
    FROM connection WHERE protocol = 'mptcp' GROUP BY subflows"
distribution join_delay "SELECT 1 AS line, 'all joins' AS name, delay / 1e9 AS value FROM \"join\" UNION ALL
    SELECT 2, 'first joins', min(delay) / 1e9 FROM \"join\" GROUP BY number"
distribution rtt_spread "SELECT 1 AS line, 'slowest - best' AS name, slowest / 1e9 AS value FROM direction
    WHERE data >= 100000 AND slowest <> '' UNION ALL
    SELECT 2, 'second best - best', second / 1e9 FROM direction WHERE data >= 100000 AND second <> ''"
figure rtt_second "WITH bin(low, high, name) AS (VALUES (-1, 10, 'up to 10 ms'), (10, 50, '10 to 50 ms'),
    (50, 100, '50 to 100 ms'), (100, 1000, '100 ms to 1 s'), (1000, 1000000, 'more than 1 s'))
    SELECT name || ',' || count(number) FROM bin LEFT JOIN direction
    ON data >= 100000 AND second <> '' AND CAST(second AS REAL) > low * 1e6
    AND CAST(second AS REAL) <= high * 1e6 GROUP BY name"
distribution initial_share "SELECT line, name, 100.0 * initial / data AS value
    FROM connection JOIN direction USING (number) JOIN class USING (number, direction)
    WHERE subflows = 2 AND data > 0"
figure unused "SELECT reason || ',' || rank || ',' || count(*) FROM unused GROUP BY reason, rank"
distribution repeated "SELECT 1 AS line, 'retransmitted' AS name, 100.0 * retransmitted / data AS value
    FROM direction WHERE data > 0 UNION ALL
    SELECT 2, 'reinjected', 100.0 * reinjected / data FROM direction WHERE data > 0"
distribution repeat_times "SELECT iif(what = 'retransmissions', 1, 2) AS line, what AS name,
    100.0 * (at - start) / (end - start) AS value FROM again JOIN connection USING (number)"
figure ack_sizes "SELECT low || ',' || ifnull(sum(n) FILTER (WHERE what = 'ack_bytes'), '') || ',' ||
    ifnull(sum(n) FILTER (WHERE what = 'data_ack_bytes'), '') FROM acks GROUP BY low"
distribution bursts "SELECT 1 AS line, 'all bursts' AS name, bytes AS value FROM burst UNION ALL
    SELECT 2, 'with a change of subflow', bytes FROM burst WHERE switches > 0"
distribution switching "SELECT line, name, 1.0 * data / (switches + 1) AS value
    FROM direction JOIN class USING (number, direction) WHERE switches > 0"
distribution responses "SELECT iif(direction = 'c2s', 1, 2) AS line,
    iif(direction = 'c2s', 'answers of the server', 'answers of the client') AS name, delay / 1e9 AS value
    FROM response"
figure addresses "SELECT kind || ',' || sent_by || ',' || outcome || ',' || count(*) FROM address
    GROUP BY kind, sent_by, outcome"
report "path managers" "$(diff <(sed -n 's/^path manager,//p' "$work/study/managers.csv" | sort) \
    <(sqlite3 "$work/truth.db" "SELECT iif(path_manager = '', 'not visible', path_manager) || ',' || count(*)
        FROM connection WHERE protocol = 'mptcp' GROUP BY path_manager" | sort))"
# Of the generated orders, that of round robin alone is unmistakable.
expect "schedulers" "$work/truth.db" "SELECT sum(connections), sum(connections) FILTER (WHERE name = 'round_robin')
    FROM f_managers WHERE what = 'scheduler'" \
    "$(sqlite3 "$work/truth.db" "SELECT count(*) FROM connection WHERE protocol = 'mptcp'")|1"

# Of each thousandth of the time the most and the last are there: all that is there is true, and
# no thousandth with a change is left out.
expect "open" "$work/truth.db" "WITH span AS (SELECT min(start) AS low, max(end) - min(start) AS width FROM connection),
    change AS (SELECT start AS at FROM connection UNION SELECT end FROM connection),
    truth AS (SELECT at - low AS at, (at - low) * 1000 / width AS part,
        (SELECT sum(start <= at) - sum(end <= at) FROM connection) AS open FROM change, span)
    SELECT (SELECT count(*) FROM f_open f LEFT JOIN truth t ON round(f.time_s * 1e9) = t.at
        AND f.open_connections = t.open WHERE t.at IS NULL),
        (SELECT count(DISTINCT part) FROM truth) - (SELECT count(DISTINCT t.part) FROM f_open f
        JOIN truth t ON round(f.time_s * 1e9) = t.at), max(open_connections + 0) FROM f_open" "0|0|3"
# What the pictures say in words.
lab=testdata/lab
"$program" study -q --no-rules --format svg "$lab"/{voice,fallback-syn-stripped}/client.pcap -k duration -o "$work/words" >/dev/null
report "connections that do not count are not among those counted" "$(grep -qF \
    'of the 1 that speak MPTCP · 2 connections' "$work/words/duration.svg" || echo missing)"
"$program" study -q --no-rules --format svg "$lab/address-hmac-rewritten/client.pcap" -k addresses -o "$work/words" >/dev/null
report "long labels keep their words" "$(
    grep -q '>invalid' "$work/words/addresses.svg" && ! grep -q '…' "$work/words/addresses.svg" || echo cut)"
analyze "$lab/reordering/server.pcap"
sqlite3 "$db" "UPDATE head_of_line SET waited_for_byte_s = 2650000 WHERE waits > 0"
"$program" plot -q "$db" -k reordering --format svg -o "$work/words" >/dev/null
report "large numbers are written out" "$(cat "$work"/words/connection-1-reordering-*.svg |
    grep -q ', 2650 kB s' || echo missing)"
plan
