#!/bin/bash
# shellcheck disable=SC1091,SC2154
# One connection in many encapsulations, and in IP fragments: every number is that of the bare
# packets, the encapsulation is told, and tshark sees the same payload.  Then packets with wrong
# checksums, and what the table `damage` says of them.
source "$(dirname "$0")/lib.sh"

build/release/tests/gen/gen_tunnel "$work" || exit 1
numbers="SELECT c.*, d.payload_bytes, d.unique_bytes FROM connection_direction c
         JOIN (SELECT connection_id, direction, sum(payload_bytes) AS payload_bytes,
                      sum(unique_bytes) AS unique_bytes
               FROM subflow_direction JOIN subflow USING (subflow_id) GROUP BY 1, 2) d
         USING (connection_id, direction) ORDER BY 1, 2"
# Fragments are packets of their own, and only the first carries options.
ledger="SELECT connection_id, direction, data_bytes, data_acked_bytes, reinjected_bytes,
               remapped_bytes, orphaned_bytes, unmapped_bytes, missing_bytes, retransmitted_bytes
        FROM connection_direction ORDER BY 1, 2"

payload() { # CAPTURE: the sum of payload by tshark
    tshark -r "$1" -T fields -e tcp.len 2>/dev/null | awk '{ n += $1 } END { print n }'
}

analyze "$work/bare.pcap"
bare=$work/bare.db
mv "$db" "$bare"
bare_numbers=$(query "$bare" "$numbers")
while IFS='|' read -r name text; do
    capture=$work/$name.pcap
    analyze "$capture"
    if test -n "$problem"; then
        report "$name" "$problem"
        continue
    fi
    expect "$name: as the bare packets" "$db" "$numbers" "$bare_numbers"
    expect "$name: encapsulation" "$db" \
        "SELECT DISTINCT coalesce(client_tunnel, '') FROM subflow" "$text"
    expect "$name: no damage" "$db" "SELECT count(*) FROM damage" 0
    # tshark has to be told of Ethernet behind MPLS.
    if ! command -v tshark >/dev/null || test "$name" = mpls-ethernet; then
        skip "$name: as tshark" "tshark does not read it"
    else
        expect "$name: as tshark" "$db" "SELECT sum(payload_bytes) FROM subflow_direction" \
            "$(payload "$capture")"
    fi
    case $name in
    80211 | radiotap | qinq | pppoe | mpls* | three) continue ;; # rewrite.py knows plain links
    esac
    python3 tests/truth/rewrite.py "$capture" "$work/fragments.pcap" fragments 400
    analyze "$work/fragments.pcap"
    expect "$name, in IP fragments" "$db" "$ledger" "$(query "$bare" "$ledger")"
    expect "$name, in IP fragments: nothing lost" "$db" \
        "SELECT count(*) FROM damage WHERE kind = 'fragment_lost'" 0
done <"$work/tunnels.txt"

# Without the first fragment of packet 4 the others of it cannot be placed.
python3 tests/truth/rewrite.py "$work/ethernet.pcap" "$work/fragments.pcap" fragments 400
python3 tests/truth/rewrite.py "$work/fragments.pcap" "$work/holes.pcap" without 4
analyze "$work/holes.pcap"
expect "first fragment missing" "$db" \
    "SELECT packets, first_packet FROM damage WHERE kind = 'fragment_lost'" "3|4"

# A changed byte: found only when asked for, and then the packet counts for nothing.
python3 tests/truth/rewrite.py "$work/ethernet.pcap" "$work/flip.pcap" flip 7 60
analyze "$work/flip.pcap"
expect "wrong checksum, not verified" "$db" "$numbers" "$bare_numbers"
analyze --verify-checksums "$work/flip.pcap"
expect "wrong checksum: counted" "$db" \
    "SELECT kind, packets, first_packet FROM damage ORDER BY kind" "missing|1|8
tcp_checksum|1|7"
expect "wrong checksum: does not count" "$db" \
    "SELECT tcp_packets FROM capture" "$(($(query "$bare" "SELECT tcp_packets FROM capture") - 1))"
analyze --verify-checksums "$work/three.pcap"
expect "right checksums" "$db" "SELECT count(*) FROM damage" 0
# What the kernel left to the network card is not wrong, and cut packets are not judged.
for capture in testdata/whole/*/*.pcap; do
    analyze --verify-checksums "$capture"
    expect "$capture: none is wrong" "$db" \
        "SELECT count(*) FROM damage WHERE kind IN ('ip_checksum', 'tcp_checksum')" 0
done
plan
