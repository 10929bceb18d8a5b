#!/bin/bash
# shellcheck disable=SC1091,SC2154
# `export --format tcptrace` against tcptrace 6.6 itself, subflow by subflow: what both define the
# same way is the same to the printed digit.  Where tcptrace is wrong, its value is predicted from
# ours, or the defect is shown by a capture made for it.
source "$(dirname "$0")/lib.sh"

if ! command -v tcptrace >/dev/null || ! command -v tshark >/dev/null; then
    skip "tcptrace" "no tcptrace or tshark"
    plan
    exit
fi

# What both define the same way.
SAME='total packets|resets sent|ack pkts sent|pure acks sent|sack pkts sent|dsack pkts sent
max sack blks/ack|unique bytes sent|actual data pkts|actual data bytes|rexmt data pkts
rexmt data bytes|zwnd probe pkts|zwnd probe bytes|outoforder pkts|pushed data pkts
SYN/FIN pkts sent|req 1323 ws/ts|adv wind scale|req sack|sacks sent|urgent data pkts|mss requested
max segm size|min segm size|avg segm size|max win adv|min win adv|zero win adv|avg win adv
initial window|initial window again|ttl stream length|missed data|truncated data|truncated packets
data xmit time|throughput|RTT samples|RTT min|RTT max|RTT avg|RTT stdev|RTT from 3WHS'

theirs() {
    tcptrace -l -r -n "$1" 2>/dev/null | awk -f tests/truth/blocks.awk
}

# Of the database of a capture, or of a capture.
ours() {
    "$program" export -q --format tcptrace "$1" 2>&1 | awk -f tests/truth/blocks.awk
}

# Repeated SYNs and FINs without payload, which tcptrace counts as repeated data of one byte: ports
# of sender and receiver, and how many.
repeated_controls() {
    tshark -r "$1" -T fields -e tcp.srcport -e tcp.dstport -e tcp.seq_raw -e tcp.flags.syn -e tcp.flags.fin \
        -Y 'tcp.len == 0 && tcp.flags.reset == 0 && (tcp.flags.syn == 1 || tcp.flags.fin == 1)' 2>/dev/null |
        sort | uniq -d -c | awk '{ print "control", $2, $3, $1 - 1 }'
}

# The averages as tcptrace divides, lest it divide by 0: by the number of packets and .001, of RTT
# samples and .0001.  Ports, how often these were seen, and both directions [bytes, milliseconds].
averages() {
    query "$1" "WITH d AS (SELECT s.client_port AS c, s.server_port AS p, opened_by,
        d.direction, payload_bytes / (payload_packets + .001) AS segment,
        coalesce(rtt_mean_ns * rtt_samples / 1e3 / (rtt_samples + .0001), 0)
        AS rtt, s.subflow_id FROM subflow s JOIN subflow_direction d USING (subflow_id))
        SELECT 'average', iif(a.opened_by = 'server', a.p, a.c), iif(a.opened_by = 'server', a.c, a.p),
        row_number() OVER (PARTITION BY a.c, a.p ORDER BY a.subflow_id),
        a.segment, b.segment, a.rtt / 1e3, b.rtt / 1e3
        FROM d a JOIN d b ON a.subflow_id = b.subflow_id AND a.direction <> b.direction
        AND a.direction = iif(coalesce(a.opened_by, 'client') = 'client', 'c2s', 's2c')" | tr '|' ' '
}

# Ours as tcptrace would print it: input are the lines of averages, controls, and ours.
as_theirs() {
    awk '
    $1 == "average" { key = $2 " " $3 " " $4; segment[key] = int($5) " " int($6)
        rtt[key] = sprintf("%.1f %.1f", $7, $8); next }
    NF == 0 { next }
    $1 == "control" { more[$2 " " $3] += $4; next }
    {
        key = $1 " " $2 " " $3
        label = $0; sub(/^[0-9]+ [0-9]+ [0-9]+ /, "", label); sub(/ = .*/, "", label)
        a = $(NF - 1); b = $NF
        if (label ~ /^rexmt data/) { a += more[$1 " " $2]; b += more[$2 " " $1] }
        if (label == "avg segm size") { split(segment[key], two); a = two[1]; b = two[2] }
        if (label == "RTT avg") { split(rtt[key], two); a = two[1]; b = two[2] }
        print key, label " = " a, b
    }'
}

# Flows in which a segment that acknowledges nothing but the SYN comes after one that acknowledges more: a copy of
# the network's, or one overtaken.  With it, tcptrace takes the latest RTT for that of the handshake.
late_handshakes() {
    tshark -r "$1" -T fields -e tcp.stream -e tcp.srcport -e tcp.dstport -e tcp.ack \
        -Y 'tcp.flags.ack == 1 && tcp.flags.syn == 0 && tcp.flags.reset == 0' 2>/dev/null |
        awk '$4 > 1 { more[$1, $2] = 1 } $4 == 1 && (($1, $2) in more) { print $2, $3; print $3, $2 }'
}

# Takes out what cannot be compared in a direction or subflow.  RSTs: their windows are in
# tcptrace's averages, their sequence numbers in its stream.  Handshakes that did not complete:
# tcptrace takes the RST for an answer, and the windows of SYNs where there are no others.  Flows
# without a SYN began before the capture.  A SYN with payload is no handshake for it.
comparable() {
    awk -v same="$SAME" -v late="$late" -v syn_data="$(query "$db" 'SELECT count(*) FROM subflow_direction d JOIN subflow s
        USING (subflow_id) WHERE d.first_payload_ns = s.syn_ns')" '
    BEGIN { gsub(/\n/, "|", same); n = split(same, label, "|"); for (i = 1; i <= n; i++) wanted[label[i]] = 1
        n = split(late, label, "\n"); for (i = 1; i <= n; i++) overwritten[label[i]] = 1 }
    FILENAME != "-" { if (/ resets sent = /) { reset[$1 " " $2 " " $3] = 1 }
        if (/ actual data pkts = 0 0$/) { empty[$1 " " $2 " " $3] = 1 }
        if (/ SYN\/FIN pkts sent = /) { if ($(NF - 1) ~ /^0/ || $NF ~ /^0/) partial[$1 " " $2 " " $3] = 1 }
        if (/ SYN\/FIN pkts sent = 0\/[0-9]* 0\//) without[$1 " " $2 " " $3] = 1
        if (FILENAME ~ /ours$/ && / max win adv = /) { if ($(NF - 1) == 0 || $NF == 0) silent[$1 " " $2 " " $3] = 1 }
        next }
    {
        key = $1 " " $2 " " $3
        name = $0; sub(/^[0-9]+ [0-9]+ [0-9]+ /, "", name); sub(/ = .*/, "", name)
        if (!(name in wanted) || key in without) next
        if (key in silent && name ~ / win adv/) next
        if (name == "resets sent" && / = 0 0$/) next
        if (key in reset && (name == "avg win adv" || name == "ttl stream length" || name == "missed data" ||
            name == "RTT from 3WHS")) next
        if ((key in partial || (key in empty && key in reset)) && (name ~ /win|1323|wind|mss|3WHS/)) next
        if (name == "RTT from 3WHS" && (syn_data > 0 || ($1 " " $2) in overwritten)) next
        print
    }' "$work/theirs" "$work/ours" - | sort
}

# ---- every capture ----

for capture in testdata/lab/*/*.pcap testdata/gen/*.pcap "$captures"/*.pcap; do
    test -n "$thorough" || case $capture in testdata/lab/*/server*.pcap) continue ;; esac
    test -f "$capture" || continue
    python3 tests/truth/rewrite.py "$capture" "$work/raw.pcap" raw 2>/dev/null || continue # no classic pcap
    analyze --tcp "$work/raw.pcap"
    if test "$(query "$db" "SELECT sum(duplicate_packets) + (SELECT count(*) FROM connection WHERE handshake <> 'full')
        FROM capture")" != 0; then
        continue # packets captured twice; what began before the capture
    fi
    theirs "$work/raw.pcap" >"$work/theirs"
    ours "$db" >"$work/ours"
    late=
    diff -q <(grep '3WHS' "$work/theirs") <(grep '3WHS' "$work/ours") >/dev/null || late=$(late_handshakes "$work/raw.pcap")
    shall=$(comparable <"$work/theirs")
    controls=
    diff -q <(grep 'rexmt' "$work/theirs") <(grep 'rexmt' "$work/ours") >/dev/null ||
        controls=$(repeated_controls "$work/raw.pcap")
    is=$({ averages "$db"; echo "$controls"; cat "$work/ours"; } | as_theirs | comparable)
    report "$capture: as tcptrace" "$(diff <(echo "$shall") <(echo "$is"))"
done

# ---- defects of tcptrace that no correction makes up for ----

# It knows nothing of Linux cooked capture v2.
report "no SLL2" "$(tcptrace -l testdata/lab/loss/client.pcap 2>&1 | grep -q 'link format (276)' || echo "it reads it")"

# A RST that acknowledges nothing of the SYN ends the connection for it, and the rest is another one.
python3 tests/truth/rewrite.py testdata/lab/ethernet/client-p1.pcap "$work/stray.pcap" reset 1
report "stray RST in SYN-SENT: tcptrace sees two connections" "$(theirs "$work/stray.pcap" | grep -c 'total packets = ' |
    grep -v '^2$')"
report "stray RST in SYN-SENT: one subflow, which ends as it does" "$("$program" export -q --format tcptrace "$work/stray.pcap" |
    grep -E 'complete conn|total packets:|resets sent' | tr -s ' \t' ' ' | diff - <(echo ' complete conn: yes
 total packets: 107
 total packets: 59 total packets: 48 
 resets sent: 0 resets sent: 1 '))"

# Where an older one took what was left in its buffer, 6.6.7 leaves frames without IP out as we do.
python3 tests/truth/rewrite.py testdata/lab/ethernet/client-p1.pcap "$work/arp.pcap" arp 20
for one in theirs ours; do
    report "frames without IP: nothing in $one changes" "$(diff <($one "$work/arp.pcap") <($one testdata/lab/ethernet/client-p1.pcap))"
done

# The copy of a segment that acknowledges the SYN alone comes after the first data of the server was acknowledged: for
# tcptrace, the RTT of that data is the one of the handshake.
python3 tests/truth/rewrite.py testdata/lab/duplicates/server.pcap "$work/late.pcap" raw
report "late acknowledgement of the SYN: tcptrace has another RTT" "$(theirs "$work/late.pcap" |
    grep -q '^[0-9]* 5001 1 RTT from 3WHS = 0.0 10.3$' || echo "it has the same")"
report "late acknowledgement of the SYN: RTT of the handshake" "$(ours "$work/late.pcap" |
    grep -q '^[0-9]* 5001 1 RTT from 3WHS = 0.0 10.1$' || echo "it has another one")"

# 30.151 ms between stamps in nanoseconds.
report "nanoseconds are rounded as it rounds microseconds" "$(ours testdata/lab/delay-middle/client.pcap |
    grep -q ' 1 RTT min = 30.2 0.0$' || echo "they are not")"

# With the window of the SYN/ACK closed by hand, the client's first segments are probes.  tcptrace then forgets that
# they were sent: they are no unique bytes for it, and their RTT is none.
python3 tests/truth/rewrite.py testdata/lab/ethernet/client-p1.pcap "$work/closed.pcap" window 2
for one in theirs ours; do
    $one "$work/closed.pcap" >"$work/$one"
done
report "segments sent into a closed window: as many" "$(diff <(grep zwnd "$work/theirs") <(grep zwnd "$work/ours"))"
report "segments sent into a closed window: there are some" "$(grep -q 'zwnd probe pkts = [1-9]' "$work/ours" || echo "there are not")"
report "segments sent into a closed window: tcptrace leaves their bytes out" "$(awk -F' = ' '/unique bytes sent|zwnd probe bytes/ {
    split($2, n, " "); sum[FILENAME ~ /theirs/] += n[1] * (FILENAME ~ /theirs/ || $0 ~ /unique/) }
    END { if (sum[0] != sum[1]) print sum[0], sum[1] }' "$work/theirs" "$work/ours")"

# The names of the rows, in order.
rows() {
    sed -nE '/ack pkts sent/,$s/^ *([A-Za-z#][^:]*):.*/\1/p'
}
report "the rows of tcptrace -l -r -W" "$(diff <(tcptrace -l -r -W -n testdata/gen/seq-wrap.pcap 2>/dev/null | rows) \
    <("$program" export -q --format tcptrace testdata/gen/seq-wrap.pcap | rows))"

# A packet captured twice is a retransmission for it.
report "packets captured twice: tcptrace counts them" "$(theirs testdata/gen/capture-duplicate.pcap |
    grep -q ' 1 rexmt data pkts = 9 2' || echo "it does not")"
report "packets captured twice: not counted" "$(ours testdata/gen/capture-duplicate.pcap |
    grep -q ' 1 rexmt data pkts = 1 0' || echo "counted")"
plan
