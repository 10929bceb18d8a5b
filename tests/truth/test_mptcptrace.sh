#!/bin/bash
# shellcheck disable=SC1091,SC2154
# `export --format mptcptrace`: the files that mptcptrace's users read, read as their scripts do, say
# what the database says.
source "$(dirname "$0")/lib.sh"

# What scripts make of the files of connection $2 in directory $1, a line per number.
read_files() {
    local way other
    for way in c2s s2c; do
        test $way = c2s && other=4 || other=5
        # Maps: bytes sent first or again, and reinjected bytes by origin.
        awk -F, -v w=$way '$4 == 1 && $6 == -1 { n += $5 - $2 } $4 == 1 && $6 != -1 { r += $5 - $2; from[$6] += $5 - $2 }
            END { print w, "sent", n + 0; print w, "reinjected", r + 0; for (f in from) print w, "from", f - 1, from[f] }' \
            "$1/${way}_seq_$2.csv"
        awk -F, -v w=$way '{ n++; sum += $2 } END { print w, "acks", n + 0, sum + 0 }' "$1/${way}_acksize_$2.csv"
        awk -F, -v w=$way '{ n++; sum += $2; if (n == 1 || $2 < low) low = $2; if ($2 > high) high = $2 }
            END { printf "%s rtt %d %.3f %.3f %.2f\n", w, n, low, high, n ? sum / n : 0 }' "$1/${way}_rtt_seq_$2.csv"
        awk -F, -v w=$way '$3 > 1 && $2 > max[$3] { max[$3] = $2 } END { print w, "flight", max[2] + 0, max[3] + 0 }' \
            "$1/${way}_flight_$2.csv"
        awk -F, -v w=$way 'FNR > 1 { n += $2 * $3 } END { print w, "map", n + 0 }' "$1/${way}_map_reinject_$2.csv"
        awk -F';' -v w=$way -v c=$other '$3 == "seqAcked" || $3 == "bytesReinjected" { print w, $3, $c }' "$1/stats_$2.csv"
        # Three lines: per bin, from the beginning on, and over 8 bins.
        awk -F, -v w=$way '$3 == 1 { n++ } $3 == 2 { m++ } $3 == 3 { k++ } END { print w, "gput", (n == m && m == k) }' \
            "$1/${way}_gput_$2.csv"
    done
    awk -F, '{ print "subflow", $1, $2, $3 }' "$1/c2s_sf_$2.csv"
    awk -F, 'END { print "add", NR }' "$1/add_addr_$2.csv"
    awk -F, 'END { print "remove", NR }' "$1/rm_addr_$2.csv"
}

EACH="SELECT d.*, (SELECT coalesce(sum(bytes), 0) FROM dsn_run r WHERE r.connection_id = d.connection_id
    AND r.direction = d.direction AND kind <> 'reinjection') AS sent FROM connection_direction d WHERE connection_id = ?"

shall() {
    local id=$(($1 + 1)) way
    for way in c2s s2c; do
        query "$db" "WITH d AS (${EACH/\?/$id} AND d.direction = '$way')
            SELECT '$way sent ' || sent FROM d
            UNION ALL SELECT '$way reinjected ' || reinjected_bytes FROM d
            UNION ALL SELECT '$way from ' || coalesce(s.ordinal, -1) || ' ' || sum(r.bytes) FROM reinjection r
                LEFT JOIN subflow s ON s.subflow_id = r.from_subflow_id WHERE r.connection_id = $id AND r.direction = '$way'
                GROUP BY s.ordinal
            UNION ALL SELECT '$way acks ' || data_ack_size_samples || ' ' ||
                CAST(round(data_ack_size_samples * coalesce(data_ack_size_mean_bytes, 0)) AS INTEGER) FROM d
            UNION ALL SELECT printf('$way rtt %d %.3f %.3f %.2f', data_rtt_samples, data_rtt_min_ns / 1e6,
                data_rtt_max_ns / 1e6, data_rtt_mean_ns / 1e6) FROM d
            UNION ALL SELECT '$way flight ' || coalesce(flight_max_bytes, 0) || ' ' || coalesce(tcp_flight_max_bytes, 0) FROM d
            UNION ALL SELECT '$way map ' || reinjected_bytes FROM d
            UNION ALL SELECT '$way seqAcked ' || data_acked_bytes FROM d
            UNION ALL SELECT '$way bytesReinjected ' || reinjected_bytes FROM d
            UNION ALL SELECT '$way gput 1'"
    done
    query "$db" "SELECT 'subflow ' || s.ordinal || ' ' || u.mapped_bytes || ' ' || d.mapped_bytes FROM subflow s
        JOIN subflow_direction u ON u.subflow_id = s.subflow_id AND u.direction = 'c2s'
        JOIN subflow_direction d ON d.subflow_id = s.subflow_id AND d.direction = 's2c' WHERE connection_id = $id;
        SELECT 'add ' || count(*) FROM address WHERE connection_id = $id AND kind = 'add';
        SELECT 'remove ' || count(*) FROM address WHERE connection_id = $id AND kind = 'remove'"
}

for capture in testdata/lab/{loss,path-down,two-path-upload,two-path-download,address-removed,ipv6,bidirectional}/*.pcap \
    testdata/gen/v0-reinjection.pcap "$captures"/two-path-upload-v1.pcap; do
    test -f "$capture" || continue
    analyze "$capture"
    rm -rf "$work/files"
    problem=$("$program" export -q --format mptcptrace -o "$work/files" "$db" 2>&1 >"$work/list")
    report "$capture: exported" "$problem"
    for number in $(query "$db" "SELECT connection_id - 1 FROM connection WHERE protocol = 'mptcp'"); do
        report "$capture: connection $number" "$(diff <(shall "$number" | sort) <(read_files "$work/files" "$number" | sort))"
    done
    report "$capture: list of subflows" "$(query "$db" "SELECT char(9) || 'Subflow ' || ordinal || ' sport ' || s.client_port ||
        ' dport ' || s.server_port FROM subflow s JOIN connection USING (connection_id) WHERE protocol = 'mptcp'
        ORDER BY connection_id, ordinal" | diff - <(sed -n 's/ with wscale.* sport/ sport/; s/ saddr.*//p' "$work/list"))"
    # xplot files: the same marks, at the same places.
    report "$capture: xplot has the same marks" "$(for csv in "$work"/files/[cs]2[sc]_{seq,acksize,rtt_seq,flight,gput}_*.csv; do
        diff <(awk -F, '{ print $1, $2, $4 == 1 ? $5 : "" }' "$csv" | sort) <(awk '$1 == "line" { print $2, $3, $5 }
            $1 == "diamond" { print $2, $3, "" }' "${csv%.csv}.xpl" | sort)
    done)"
done
plan
