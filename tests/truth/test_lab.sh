#!/bin/bash
# shellcheck disable=SC1091,SC2154
# Captures of a real kernel, taken at both ends (testdata/lab), against what the kernels and the
# applications said, against each other, and against what each scenario was made to show.
source "$(dirname "$0")/lib.sh"

lab=testdata/lab

# Database of one end of a scenario, made on first use.
end_db() {
    local made=$work/$1.$2.db
    test -f "$made" || "$program" analyze -q "$lab/$1/$2"*.pcap -o "$made" >/dev/null 2>"$work/errors"
    echo "$made"
}

# Reinjected and remapped bytes, by direction, sender and first sender.
MATRIX="SELECT connection_id, direction, (SELECT ordinal FROM subflow s WHERE s.subflow_id =
    r.from_subflow_id), (SELECT ordinal FROM subflow s WHERE s.subflow_id = r.subflow_id), sum(bytes)
    FROM reinjection r GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
BYTES="SELECT connection_id, direction, data_bytes, reinjected_bytes, remapped_bytes, orphaned_bytes,
    unmapped_bytes FROM connection_direction ORDER BY 1, 2"

# What both kernels' `ip mptcp monitor` said of addresses and priorities, and the same of a database.
monitored() {
    sed -n -e 's/^.* ANNOUNCED\].* remid=\([0-9]*\) daddr[46]=\([^ ]*\).*/add \1 \2/p' \
        -e 's/^.* REMOVED\].* remid=\([0-9]*\).*/remove \1/p' \
        -e 's/^.* SF_PRIO\].* backup=\([01]\).*/prio \1/p' "$lab/$1"/*.monitor | sort
}
MONITORED="SELECT kind || ' ' || address_id || CASE kind WHEN 'add' THEN ' ' || address ELSE '' END AS line
    FROM address UNION ALL SELECT 'prio ' || json_extract(detail, '$.backup') FROM event
    WHERE kind = 'mp_prio' ORDER BY line"

for directory in "$lab"/*/; do
    scenario=$(basename "$directory")
    truth=$lab/$scenario/truth.json
    for end in client server; do
        if test "$scenario $end" = "fallback-syn-stripped server"; then
            expect "$scenario, $end: plain TCP, nothing to track" "$(end_db "$scenario" "$end")" \
                "SELECT (SELECT count(*) FROM connection), mptcp_packets FROM capture" "0|0"
            continue
        fi
        db=$(end_db "$scenario" "$end")
        case "$scenario $end" in
        nat*) ;;                        # the kernels know other addresses of each other
        "join-answer-lost client") ;;   # what the capture does not show: that the server took it
        *)
            report "$scenario, $end: tokens, subflows, bytes" "$({
                echo "CREATE TEMP TABLE truth AS SELECT CAST(readfile('$truth') AS TEXT) AS doc;"
                cat tests/truth/compare_lab.sql
            } | sqlite3 -bail "$db" 2>&1)"
            ;;
        esac
        expect "$scenario, $end: announced, removed, priority changed as the kernels say" "$db" \
            "$MONITORED" "$(monitored "$scenario")"
        expect "$scenario, $end: every announcement genuine and echoed" "$db" \
            "SELECT * FROM address WHERE kind = 'echo' OR kind = 'add' AND
            (hmac <> 'valid' OR echoed_ns IS NULL)" ""
        expect "$scenario, $end: longest stall is that of its table" "$db" \
            "SELECT connection_id, direction FROM connection_direction d WHERE data_bytes > 0 AND
            longest_stall_ns <> coalesce((SELECT max(length_ns) FROM stall s WHERE
            s.connection_id = d.connection_id AND s.direction = d.direction AND
            s.kind = 'no_data_ack'), 0)" ""
        expect "$scenario, $end: packets" "$db" "SELECT group_concat(packets) FROM capture" \
            "$(query :memory: "SELECT group_concat(json_extract(value, '\$.captured')) FROM
            json_each(CAST(readfile('$truth') AS TEXT), '\$.captures') WHERE key LIKE '$end%'")"
    done
    test "$scenario" = fallback-syn-stripped && continue
    if test "$(query :memory: "SELECT sum(value) FROM json_each(CAST(readfile('$truth') AS TEXT),
        '\$.router_dropped')")" = 0; then
        expect "$scenario: both ends give the same ledger" "$(end_db "$scenario" client)" "$BYTES" \
            "$(query "$(end_db "$scenario" server)" "$BYTES")"
        # Packets overtake each other between the taps of these, so that the first sender differs.
        case $scenario in server-join | ethernet | subflow-reset | link-down) continue ;; esac
        expect "$scenario: reinjected between the same subflows" \
                "$(end_db "$scenario" client)" "$MATRIX" \
                "$(query "$(end_db "$scenario" server)" "$MATRIX")"
    else
        DATA="SELECT connection_id, direction, data_bytes FROM connection_direction ORDER BY 1, 2"
        expect "$scenario: both ends give the same data" "$(end_db "$scenario" client)" "$DATA" \
            "$(query "$(end_db "$scenario" server)" "$DATA")"
    fi
done

# What each scenario shows.  scenario | end (both if empty) | question | answer
SECOND="FROM subflow WHERE ordinal = 1"
UP="FROM connection_direction WHERE direction = 'c2s'"
DOWN="FROM connection_direction WHERE direction = 's2c'"
JOIN="SELECT result, coalesce(reset_reason, 'none') $SECOND"
FALLBACK="SELECT protocol, coalesce(fallback, 'none'), close FROM connection"
USE="SELECT backup, result, use $SECOND"
SIGNALS="SELECT count(*) > 0 FROM event WHERE kind ="
ADDRESS="SELECT sent_by, kind, address_id, address, coalesce(port, 'no port'), used, outcome FROM address"
BACKUP="SELECT sum(backup_data_bytes), sum(backup_reinjected_bytes) FROM subflow_direction"
STALL="SELECT group_concat(printf('%s %s %d %s %s', kind, direction, length_ns / 1000000, coalesce(cause, 'none'), ended_by), '; ') FROM stall"
DEAD="SELECT group_concat(ordinal, ' ') FROM v_diagnosis v JOIN subflow USING (subflow_id) WHERE v.kind = 'silent_death'"
HANDOVER="SELECT count(*), coalesce(min(detail ->> 'from'), 'none'), coalesce(min(detail ->> 'to'), 'none'), coalesce(min(detail ->> 'break_before_make'), 'none') FROM event WHERE kind = 'handover'"
SENTENCES="SELECT group_concat(sentence, '; ') FROM v_diagnosis WHERE kind"
PATH_MANAGER="SELECT path_manager, path_manager_confidence FROM connection"
REASON="SELECT use, coalesce(use_reason, 'none') $SECOND"
# two-path-upload sends as much as it can until its last full segment, packet 201, after 52 ms.
while IFS='|' read -r scenario end question answer; do
    for each in ${end:-client server}; do
        expect "$scenario, $each: $answer" "$(end_db "$scenario" "$each")" "${question//+/|}" \
            "${answer//,/|}"
    done
done <<EOT
address-removed||SELECT reinjected_bytes, remapped_bytes $UP|50720,30896
address-removed||$SIGNALS 'remove_addr'|1
address-removed||$ADDRESS|client,remove,2,10.0.2.1,no port,1,subflow closed
address-removed||$HANDOVER|1,1,0,0
both-paths-down|client|SELECT length_ns / 1000000, cause FROM stall WHERE kind = 'no_data_ack' ORDER BY length_ns DESC LIMIT 1|1742,all subflows silent
closed-window||$STALL|closed_window c2s 1155 zero window window
first-address-removed||$HANDOVER|1,0,1,0
link-down||$HANDOVER|1,0,1,0
link-down|client|$DEAD|
link-down|server|$DEAD|0
join-ack-lost|client|SELECT result, replace(result_detail, ',', ';') $SECOND|,third ACK sent; but the server went on repeating its SYN/ACK: the ACK was lost
join-ack-lost|server|SELECT result, replace(result_detail, ',', ';') $SECOND|,SYN/ACK seen; third ACK not
join-answer-lost|client|SELECT result, result_detail $SECOND|,third ACK sent 68 times and never answered: it or the answer was lost
join-answer-lost|server|SELECT result, use $SECOND|established,unused
nat||SELECT subflows, (SELECT count(*) FROM event WHERE kind = 'translated') FROM connection|2,0
backup-idle||$REASON|unused,backup
backup-idle||$BACKUP|0,0
backup-used|client|$BACKUP|752,33224
backup-used|server|$BACKUP|12144,21832
backup-used|client|$STALL|no_data_ack c2s 320 subflow silent reinjection
backup-used|server|$STALL|
backup-used||SELECT sum(backup_asked_data_bytes + backup_asked_reinjected_bytes) FROM subflow_direction|0
backup-used||$DEAD|0
path-down||$DEAD|0
loss||$DEAD|
join-no-reply|client|$STALL|idle c2s 3493 application or scheduler data
join-no-reply|server|$STALL|idle c2s 3493 application or scheduler (or loss before the tap) data
dual-stack||$ADDRESS|server,add,1,10.1.2.1,no port,1,joined
address-flapping||$PATH_MANAGER|subflow_refreshing,0.4
delayed-join||$PATH_MANAGER|delayed,0.6
late-address||$PATH_MANAGER|subflow,0.7
subflow-refreshing||$PATH_MANAGER|subflow_refreshing,0.8
join-first-failure|client|$SENTENCES = 'join_unreachable'|Join 1 (10.0.1.1:59985 -> 10.1.2.1:5001) was not established: unreachable; router 10.0.1.254 answered in packet 17 with network unreachable (ICMP type 3 code 0); the SYN went from the first address of the client to the one that the server announced in packet 14
join-first-failure|client|$ADDRESS|server,add,1,10.1.2.1,no port,0,join failed (unreachable)
join-first-failure|server|$ADDRESS|server,add,1,10.1.2.1,no port,0,no join
join-second-failure|client|$SENTENCES = 'join_unreachable'|Join 2 (10.0.2.1:58415 -> 10.1.1.1:5001) was not established: unreachable; router 10.0.2.254 answered in packet 21 with host unreachable (ICMP type 3 code 1); the SYN went from a further address of the client to the first of the server; 10.1.1.1 was reached from 10.0.1.1 (subflow 0)
join-second-failure|client|SELECT group_concat(result, ' ') FROM subflow|established established unreachable
join-second-failure|server|SELECT group_concat(result, ' ') FROM subflow|established established
join-second-failure||$ADDRESS|server,add,1,10.1.2.1,no port,1,joined
join-no-reply|client|$ADDRESS|server,add,1,10.1.2.1,no port,0,join failed (no_reply)
join-no-reply|server|$ADDRESS|server,add,1,10.1.2.1,no port,0,no join
loss||$HANDOVER|0,none,none,none
path-down|client|$HANDOVER|1,0,1,0
path-down|client|$STALL|no_data_ack c2s 218 subflow silent reinjection; no_data_ack c2s 217 subflow silent reinjection
priority-change||SELECT client_backup, server_backup, client_backup_last, server_backup_last $SECOND|0,0,1,0
priority-change||$BACKUP|0,0
server-join||$ADDRESS|client,add,1,10.0.2.1,5555,1,joined
backup-idle||$USE|1,established,unused
backup-used||SELECT backup, result $SECOND|1,established
backup-used|client|SELECT reinjected_bytes $UP|33976
bidirectional||SELECT reinjected_bytes $UP|13484
bidirectional||SELECT reinjected_bytes $DOWN|9284
checksum||SELECT checksum FROM connection|1
checksum||SELECT reinjected_bytes $UP|16384
checksum||SELECT reinjected_bytes $DOWN|16304
two-path-upload|client|SELECT (1 - limited_application - limited_idle) * duration_ns BETWEEN 47e6 AND 53e6 FROM connection JOIN connection_direction USING (connection_id) WHERE direction = 'c2s'|1
two-path-upload||SELECT checksum, reinjected_bytes, version FROM connection JOIN connection_direction USING (connection_id) WHERE direction = 'c2s'|0,0,1
dual-stack||SELECT count(DISTINCT client_addr LIKE '%:%') FROM subflow|2
dual-stack||SELECT reinjected_bytes $DOWN|684
ethernet||SELECT group_concat(link_type, ' ') FROM capture|EN10MB EN10MB
fallback-ack-stripped|client|$FALLBACK|mptcp,no_dss,fin
fallback-ack-stripped|server|$FALLBACK|mptcp,no_mp_capable_ack,fin
fallback-checksum||$FALLBACK|mptcp,mp_fail,fin
fallback-checksum||SELECT checksum FROM connection|1
fallback-server-tcp||$FALLBACK|tcp,no_mp_capable_synack,fin
fallback-syn-stripped|client|$FALLBACK|tcp,no_mp_capable_synack,fin
fastclose-abort||SELECT close, closed_by FROM connection|fastclose,client
fastclose-unread||SELECT close, closed_by FROM connection|fastclose,client
fastclose-unread||SELECT group_concat(close, ' ') FROM subflow|fastclose fastclose
join-half-closed||$JOIN|refused,3
join-late||$JOIN|late,none
join-no-reply|client|$JOIN|no_reply,none
join-no-reply|server|SELECT count(*) FROM subflow|1
join-refused||$JOIN|refused,3
join-refused||SELECT reinjected_bytes, remapped_bytes $UP|0,37152
join-stripped|client|$JOIN|stripped,1
join-stripped||SELECT remapped_bytes $UP|13536
join-unreachable|client|SELECT result, count(*) $SECOND|unreachable,1
join-unreachable|server|SELECT count(*) FROM subflow|1
loss||SELECT reinjected_bytes, remapped_bytes $UP|26448,23756
path-down|client|SELECT reinjected_bytes, remapped_bytes $UP|40176,25072
path-down|server|SELECT remapped_bytes $UP|25072
port-reuse||SELECT group_concat(client_port, ' '), count(DISTINCT client_token) FROM connection|40000 40000,2
priority-change||$SIGNALS 'mp_prio'|1
server-join||SELECT opened_by, result, client_port $SECOND|server,established,5555
server-join||SELECT reinjected_bytes $UP|2184
server-join||SELECT reinjected_bytes $DOWN|22736
subflow-reset||SELECT close, closed_by, reset_reason $SECOND|reset,server,0
short-connections||SELECT group_concat(subflows, ' '), group_concat(close, ' ') FROM connection|2 2 2,data_fin data_fin data_fin
EOT

# Both sides of an address translation in one trace: what is counted twice is said.
analyze "$lab/nat/client.pcap" "$lab/nat/server.pcap"
expect "nat, both captures: subflows and connections are told to be the same" "$db" \
    "SELECT connection_id, substr(sentence, 1, instr(sentence, ' once more') - 1), packet FROM v_diagnosis
    WHERE kind = 'translated' ORDER BY connection_id, subflow_id" \
    "1|This connection is that of 10.1.1.254:48040 -> 10.1.1.1:5001|3
1|Subflow 2 (10.1.2.254:39943 -> 10.1.1.1:5001) is subflow 1 (10.0.2.1:39943 -> 10.1.1.1:5001)|9
2|This connection is that of 10.0.1.1:48040 -> 10.1.1.1:5001|3"

plan
