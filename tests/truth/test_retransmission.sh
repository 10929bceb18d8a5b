#!/bin/bash
# shellcheck disable=SC1091,SC2154
# Retransmissions and RTT of each subflow direction against tcptrace, which reads the same packets
# without link-layer headers; and packets against those whose sequence numbers tshark sees again.
source "$(dirname "$0")/lib.sh"

# tcptrace's counts, a line for each direction: ports, packets and bytes sent again, packets out of
# order, RTT samples, minimum, mean, maximum [ms].  It writes "a->b" and "b->a" side by side.
traced() {
    tcptrace -l -n -r "$1" 2>/dev/null | awk '
        /host [a-z]+:/ { n = split($3, part, ":"); port[++hosts] = part[n] }
        /rexmt data pkts:/ { packets[1] = $4; packets[2] = $8 }
        /rexmt data bytes:/ { bytes[1] = $4; bytes[2] = $8 }
        /outoforder pkts:/ { late[1] = $3; late[2] = $6 }
        /RTT samples:/ { n_rtt[1] = $3; n_rtt[2] = $6 }
        /RTT min:/ { low[1] = $3; low[2] = $7 }
        /RTT max:/ { high[1] = $3; high[2] = $7 }
        /RTT avg:/ {
            mean[1] = $3; mean[2] = $7
            for (i = 1; i <= 2; i++)
                print port[hosts - 2 + i], port[hosts + 1 - i], packets[i], bytes[i], late[i], n_rtt[i],
                    low[i], mean[i], high[i]
        }' | sort
}

# tcptrace counts a repeated SYN or FIN as a packet of one byte: ports and how many there are.
repeated_controls() {
    tshark -r "$1" -T fields -e tcp.srcport -e tcp.dstport -e tcp.seq_raw -e tcp.flags.syn -e tcp.flags.fin \
        -Y 'tcp.len == 0 && tcp.flags.reset == 0 && (tcp.flags.syn == 1 || tcp.flags.fin == 1)' 2>/dev/null |
        sort | uniq -d -c | awk '{ print "control", $2, $3, $1 - 1 }'
}

# What is left of tcptrace's counts without them.
without_controls() {
    awk '$1 == "control" { n[$2 " " $3] += $4; next }
        { $3 -= n[$1 " " $2]; $4 -= n[$1 " " $2]; print }'
}

# Microseconds at the end of a line, as C rounds milliseconds.
rounded() {
    awk '{ printf "%s %s %s %s %s %s %.1f %.1f %.1f\n", $1, $2, $3, $4, $5, $6, $7 / 1e3, $8 / 1e3, $9 / 1e3 }'
}

# The same, counted from the classes.  tcptrace prints 0 where it has no samples.
CLASSED="SELECT CASE d.direction WHEN 'c2s' THEN client_port || ' ' || server_port
    ELSE server_port || ' ' || client_port END || ' ' || coalesce(sum(r.bytes > r.hole_filled_bytes), 0) || ' ' ||
    coalesce(sum(r.bytes - r.hole_filled_bytes), 0) || ' ' || coalesce(sum(r.bytes > 0 AND r.bytes = r.hole_filled_bytes), 0) ||
    ' ' || rtt_samples || ' ' || (coalesce(rtt_min_ns, 0) / 1000) || ' ' || (coalesce(rtt_mean_ns, 0) / 1e3)
    || ' ' || (coalesce(rtt_max_ns, 0) / 1000) AS line
    FROM subflow s JOIN subflow_direction d USING (subflow_id)
    LEFT JOIN retransmission r USING (subflow_id, direction) GROUP BY d.subflow_id, d.direction
    ORDER BY line"

# Packets whose payload begins below what the same direction had sent before.
repeated() {
    tshark -r "$1" -o tcp.analyze_sequence_numbers:TRUE -T fields -e tcp.stream -e tcp.srcport -e tcp.len \
        -e tcp.seq -e frame.number -Y 'tcp.len > 0' 2>/dev/null | awk '
        { flow = $1 " " $2; if (flow in next_seq && $4 < next_seq[flow]) print $5
          if (!(flow in next_seq) || $4 + $3 > next_seq[flow]) next_seq[flow] = $4 + $3 }' | sort -n
}

for capture in testdata/lab/{loss,queue-drop,ethernet,server-join,path-down,backup-used,two-path-upload}/*.pcap \
    "$captures"/two-path-upload-v1.pcap; do
    test -f "$capture" || continue
    analyze "$capture"
    report "$capture is read" "$problem"
    if command -v tcptrace >/dev/null && command -v tshark >/dev/null; then
        python3 tests/truth/rewrite.py "$capture" "$work/raw.pcap" raw
        is=$(query "$db" "$CLASSED" | rounded)
        shall=$({
            repeated_controls "$capture"
            traced "$work/raw.pcap"
        } | without_controls)
        if test "$is" = "$shall"; then report "$capture: as tcptrace"; else
            report "$capture: as tcptrace" "is $is
shall be $shall"
        fi
    else
        skip "$capture: as tcptrace" "no tcptrace or tshark"
    fi
    if command -v tshark >/dev/null; then
        expect "$capture: packets as tshark's sequence numbers tell" "$db" \
            "SELECT packet FROM retransmission WHERE bytes > 0 ORDER BY packet" "$(repeated "$capture")"
    else
        skip "$capture: packets as tshark's sequence numbers tell" "no tshark"
    fi
done
plan
