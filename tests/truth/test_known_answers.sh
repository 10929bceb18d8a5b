#!/bin/bash
# shellcheck disable=SC1091,SC2154
# Real captures made by others: answers computed independently (../shared/captures/README.md).
source "$(dirname "$0")/lib.sh"

CONNECTION="SELECT substr(client_key, 3) || ' ' || substr(server_key, 3) || ' ' ||
    printf('%08x %08x', client_token, server_token) || ' ' || client_idsn || ' ' || server_idsn
    FROM connection ORDER BY connection_id"
TOTALS="SELECT (SELECT count(*) FROM subflow s WHERE s.connection_id = c.connection_id) || ' / ' ||
    subflows || '  ' || printf('%.6f', duration_ns / 1e9) || '  ' || u.data_bytes || ' / ' ||
    d.data_bytes || '  ' || (u.reinjected_bytes + d.reinjected_bytes)
    FROM connection c JOIN connection_direction u ON u.connection_id = c.connection_id
    JOIN connection_direction d ON d.connection_id = c.connection_id
    WHERE u.direction = 'c2s' AND d.direction = 's2c' ORDER BY c.connection_id"
DELAYS="SELECT connection_id || ': ' || group_concat(printf('%.6f', join_syn_delay_ns / 1e9), ', ')
    FROM (SELECT * FROM subflow WHERE kind = 'join' ORDER BY connection_id, ordinal) GROUP BY connection_id"
SUBFLOWS="SELECT client_port || ' ' || direction || ': ' || payload_bytes || ' ' || unique_bytes || ' ' ||
    retransmitted_bytes || ' ' || hole_filled_packets || ' / ' || hole_filled_bytes
    FROM subflow JOIN subflow_direction USING (subflow_id) WHERE result = 'established'
    AND payload_bytes > 0 ORDER BY subflow_id, direction"
RTT="SELECT client_port || ': ' || rtt_samples || printf(' / %.1f / %.1f / %.1f / %.1f', rtt_min_ns / 1e6,
    rtt_mean_ns / 1e6, rtt_max_ns / 1e6, rtt_sd_ns / 1e6) FROM subflow JOIN subflow_direction
    USING (subflow_id) WHERE result = 'established' AND direction = 'c2s' ORDER BY subflow_id"
HMAC="SELECT group_concat(hmac) FROM (SELECT hmac FROM subflow WHERE result = 'established'
    AND kind = 'join' ORDER BY subflow_id)"

# About the connection: what is said about PATH, or why not.
open_capture() {
    if test -f "$captures/$1"; then
        analyze "$captures/$1"
        report "$1 is read" "$problem"
        return 0
    fi
    skip "$1" "$captures/$1 is not here"
    return 1
}

if open_capture ns3-iperf-v0.pcap; then
    expect "ns3: packets" "$db" "SELECT packets || ' ' || tcp_packets FROM capture" "2560 2554"
    # 9485794687403768073 and 15754397863267795546
    expect "ns3: keys, tokens, IDSNs" "$db" "$CONNECTION" \
        "d8e9bdfad036fbf0 d72afc372a0ad242 0a8c8e8c 303b9394 0x83a45002a2fd3909 0xdaa2dd62e240025a"
    expect "ns3: totals" "$db" "$TOTALS" "4 / 2  7.319482  2359320 / 0  0"
    expect "ns3: join SYN delays" "$db" "$DELAYS" "1: 0.125567, 0.125685, 0.125803"
    expect "ns3: subflow bytes" "$db" "$SUBFLOWS" "5001 c2s: 192804 192804 0 0 / 0
49078 c2s: 2166516 2166516 0 0 / 0"
    expect "ns3: RTT by tcptrace's rule" "$db" "$RTT" "5001: 97 / 60.2 / 83.3 / 122.5 / 27.9
49078: 777 / 60.3 / 62.7 / 100.0 / 1.3"
    expect "ns3: two joins unanswered" "$db" \
        "SELECT count(*) FROM subflow WHERE result = 'no_reply'" "2"
    expect "ns3: HMAC" "$db" "$HMAC" "valid"
fi

if open_capture two-path-upload-v1.pcap; then
    expect "upload: packets" "$db" "SELECT packets || ' ' || link_type FROM capture" \
        "5382 LINUX_SLL2"
    # 1037062611772819022, 661551162332588574, 7912931256841961588, 6061730934720929582
    expect "upload: HMACs of ADD_ADDR" "$db" "SELECT group_concat(hmac) FROM address" "valid,valid"
    expect "upload: keys, tokens, IDSNs" "$db" "$CONNECTION" \
        "9c764fc34f185038 347997aecdf19ddf bf34a962 74a5bfcc 0x0e6462f3688ec64e 0x092e4d46ef94aa1e
8f0a0b7ab879c5a9 08801ace4ee57771 62c970a2 c1a9b465 0x6dd0610db8268074 0x541f982b30099f2e"
    expect "upload: totals" "$db" "$TOTALS" "2 / 2  3.126644  437 / 315  0
2 / 2  3.760279  9588821 / 0  61544"
    expect "upload: join SYN delays" "$db" "$DELAYS" "1: 0.000597
2: 0.000281"
    expect "upload: subflow bytes" "$db" "$SUBFLOWS" "60578 c2s: 47 47 0 0 / 0
60578 s2c: 8 8 0 0 / 0
43573 c2s: 390 390 0 0 / 0
43573 s2c: 307 307 0 0 / 0
60584 c2s: 5466872 5466872 0 235 / 666432
45239 c2s: 4183493 4183493 0 205 / 956728"
    expect "upload: reinjected from, to, bytes, packets" "$db" "SELECT f.client_port || ' -> ' ||
        t.client_port || ': ' || sum(bytes) || ' in ' || count(DISTINCT packet) FROM reinjection r
        JOIN subflow f ON f.subflow_id = from_subflow_id JOIN subflow t ON t.subflow_id = r.subflow_id
        GROUP BY f.subflow_id, t.subflow_id" "60584 -> 45239: 61544 in 25"
    expect "upload: HMACs of the joins" "$db" "$HMAC" "valid,valid"
fi

if open_capture browser-v0.pcapng; then
    expect "browser: 63 packets, version 0" "$db" \
        "SELECT packets || ' ' || version FROM capture, connection GROUP BY 1" "63 0"
    expect "browser: IPv6 and IPv4 in one connection" "$db" "SELECT count(*) FROM (SELECT 1
        FROM subflow GROUP BY connection_id HAVING count(DISTINCT client_addr LIKE '%:%') = 2)" "2"
    expect "browser: HMACs" "$db" "$HMAC" "valid,valid,valid,valid"
fi

if open_capture key-change-v0.pcap; then
    expect "key change: the first key of a host stays its key" "$db" \
        "SELECT client_key || ' ' || server_key FROM connection" \
        "0x63e5b1000a37a318 0x6b1f0c5ff961a3a6"
fi

if open_capture tcpdump-mptcp-v0.pcap; then
    expect "tcpdump v0: version, close, HMAC" "$db" "SELECT version || ' ' || close || ' ' ||
        (SELECT hmac FROM subflow WHERE kind = 'join') FROM connection" "0 data_fin valid"
fi
if open_capture tcpdump-mptcp-v1.pcap; then
    expect "tcpdump v1: version, close" "$db" "SELECT version || ' ' || close FROM connection" "1 data_fin"
fi
if open_capture tcpdump-mptcp-fclose.pcap; then
    expect "tcpdump fast close" "$db" "SELECT close || ' ' || closed_by FROM connection" "fastclose client"
fi
if open_capture tcpdump-mptcp-tcprst.pcap; then
    expect "tcpdump MP_TCPRST: both packets are MPTCP" "$db" "SELECT mptcp_packets FROM capture" "2"
fi
if open_capture tcpdump-mptcp-aa-v1.pcap; then
    expect "tcpdump ADD_ADDR v1" "$db" \
        "SELECT count(*) > 0 FROM event WHERE kind = 'add_addr'" "1"
    expect "tcpdump ADD_ADDR v1: wrong HMAC" "$db" \
        "SELECT address || ' ' || hmac || ' ' || used FROM address" "192.168.136.225 invalid 0"
fi
if open_capture tcpdump-mptcp-aa-echo.pcap; then
    expect "tcpdump ADD_ADDR echo" "$db" \
        "SELECT count(*) > 0 FROM event WHERE kind = 'add_addr_echo'" "1"
fi
if open_capture tcpdump-mptcp-dss-oobr.pcap; then
    expect "tcpdump malformed DSS: no connection comes of it" "$db" \
        "SELECT count(*) FROM connection" "0"
fi
plan
