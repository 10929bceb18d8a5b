#!/bin/bash
# shellcheck disable=SC1091,SC2154
# Overhead against tcptrace and tshark; worth of reinjections: both ends of a path agree.
source "$(dirname "$0")/lib.sh"

# Lines "from to pure-acks" of all flows with a SYN.
# shellcheck disable=SC2016
TRACED='function strip(s) { sub(/^.*host [a-z0-9]+: */, "", s); return s }
    /host [a-z0-9]+:/ { if (half) b = strip($0); else a = strip($0); half = !half }
    /pure acks sent:/ { print a, b, $4; print b, a, $8 }'
PURE="SELECT f || ' ' || t || ' ' || pure_acks FROM (SELECT
    CASE direction WHEN 'c2s' THEN client_addr || ':' || client_port ELSE server_addr || ':' || server_port END f,
    CASE direction WHEN 's2c' THEN client_addr || ':' || client_port ELSE server_addr || ':' || server_port END t,
    pure_acks FROM subflow JOIN subflow_direction USING (subflow_id))"

# (Not ns3-iperf-v0.pcap: there tcptrace counts one packet of a flow more than tshark and this program.)
for capture in testdata/gen/{v0-two-subflow-upload,v0-gso,server-join}.pcap; do
    name="$(basename "$capture"): pure ACKs as tcptrace counts them"
    if ! command -v tcptrace >/dev/null || ! test -f "$capture"; then
        skip "$name" "no tcptrace, or no capture"
        continue
    fi
    analyze "$capture"
    tcptrace -l -n "$capture" 2>/dev/null | awk "$TRACED" | sort >"$work/traced"
    query "$db" "$PURE" | sort >"$work/counted"
    if ! test -s "$work/traced"; then
        report "$name" "tcptrace says nothing"
    else
        report "$name" "$(diff "$work/traced" "$work/counted")"
    fi
done

# Sums over both directions of all subflows: the captures hold nothing else.
SUMS="SELECT sum(option_bytes) || ' ' || sum(mptcp_option_bytes) || ' ' || sum(pure_acks) FROM subflow_direction"
for capture in "$captures"/{ns3-iperf-v0,two-path-upload-v1}.pcap testdata/lab/{loss,two-path-upload,address-removed}/client.pcap; do
    name="$capture: options and pure ACKs as tshark sees them"
    if ! command -v tshark >/dev/null || ! test -f "$capture"; then
        skip "$name" "no tshark, or no capture"
        continue
    fi
    analyze "$capture"
    is=$(tshark -r "$capture" -Y tcp -T fields -e tcp.hdr_len -e tcp.option_kind -e tcp.option_len \
        -e tcp.len -e tcp.flags.syn -e tcp.flags.fin -e tcp.flags.reset -e tcp.flags.ack 2>/dev/null | awk -F '\t' '{
            options += $1 - 20; n = split($2, kind, ","); split($3, bytes, ",")
            for (i = j = 1; i <= n; i++) # no length goes with NOP and EOL
                if (kind[i] > 1) { if (kind[i] == 30) mptcp += bytes[j]; j++ }
            pure += $4 == 0 && $5 + $6 + $7 == 0 && $8 == 1
        } END { print options, mptcp, pure }')
    expect "$name" "$db" "$SUMS" "$is"
done

# The sender's judgement rests on ACKs and is an estimate.  In these two scenarios it equals the
# receiver's; in subflow-reset it does not (ACKs queue behind data: 3020 bytes useful, not 836), nor do
# both ends see the same copies in path-down and backup-used.
WORTH="SELECT direction || ' ' || reinjected_useful_bytes || ' ' || reinjected_wasted_bytes
    FROM connection_direction WHERE reinjections > 0"
for scenario in loss address-removed; do
    analyze "testdata/lab/$scenario/server.pcap"
    is=$(query "$db" "$WORTH")
    analyze "testdata/lab/$scenario/client.pcap"
    expect "$scenario: worth of reinjections is the same at both ends" "$db" "$WORTH" "$is"
done
expect "address-removed: why" "$db" \
    "SELECT group_concat(trigger || ' ' || useful_bytes) FROM v_reinjection" \
    "address removed 0,subflow closed 23760"
analyze testdata/lab/path-down/client.pcap
expect "path-down: all copies after a timeout, and of use" "$db" \
    "SELECT trigger, bytes = useful_bytes FROM v_reinjection" "timeout|1"

plan
