#!/bin/bash
# shellcheck disable=SC1091,SC2154
# What a pcapng file says beside its packets: interfaces with what they lost, names of hosts,
# comments; in both byte orders, and hostile.  The packets give the numbers of the pcap file.
source "$(dirname "$0")/lib.sh"

whole=testdata/lab/path-down/client.pcap
analyze "$whole"
plain=$db
ESC=$'\e'

for order in little big; do
    python3 tests/truth/pcapng.py "$whole" "$work/$order.pcapng" "$order"
    analyze "$work/$order.pcapng"
    report "$order: analyzed" "$problem"
    expect "$order: the numbers are those of the pcap file" "$db" "ATTACH '$plain' AS p;
        SELECT * FROM (SELECT * FROM connection_direction EXCEPT SELECT * FROM p.connection_direction);
        SELECT * FROM (SELECT * FROM subflow_direction EXCEPT SELECT * FROM p.subflow_direction);
        SELECT count(*) FROM subflow_direction" 4
    expect "$order: interfaces" "$db" "SELECT json_array(interface_id, name, description, addresses,
        link_type, snaplen_bytes, speed_bps, hardware, os, filter, packets) FROM interface" \
        '[0,"wlan0\u001b[2J","<script>alert(1)</script>","10.0.1.1, 2001:db8::1","LINUX_SLL2",65535,54000000,"a '\''card'\'', \"quoted\"","Linux","tcp",133]
[1,"wwan0",null,null,"LINUX_SLL2",65535,null,null,null,null,266]
[2,"wlan0\u001b[2J",null,null,"LINUX_SLL2",65535,null,null,null,null,0]'
    expect "$order: what they lost" "$db" "SELECT received, filter_accepted, delivered, ifdrop, osdrop,
        i.dropped, c.dropped FROM interface i JOIN capture c USING (capture_id)
        WHERE interface_id = 0" "1000|900|700|9|8|17|19"
    expect "$order: without statistics, the packets say it" "$db" \
        "SELECT dropped FROM interface WHERE interface_id = 1" 2
    expect "$order: names" "$db" "SELECT address, name FROM host_name" "10.0.1.1|phone
10.0.1.1|wifi1
2001:db8::1|v6
10.1.1.1|srv$ESC.test"
    expect "$order: notes" "$db" "SELECT json_array(kind, packet, interface_id, text) FROM file_note" \
        '["hardware",null,null,"x86"]
["os",null,null,"Linux \u001b[31m6"]
["application",null,null,"pcapng.py"]
["comment",null,null,"made <b>by</b> hand\n"]
["comment",null,0,"the � first"]
["comment",3,null,"look \u001b]0;here\u0007"]'
    expect "$order: subflows know their interface" "$db" \
        "SELECT interface FROM subflow WHERE ordinal = 1" wwan0
done

# What hosts and users of capturing programs write does not reach a terminal or a page as it is.
clean() {
    problem=
    grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$2" && problem="control characters: $(grep -aP '[\x00-\x08\x0b-\x1f\x7f]' "$2" | head -3 | cat -v)"
    report "$1: no control characters" "$problem"
}
for view in list show events check "export --format json" "list --json" "show --json" "check --format json"; do
    # shellcheck disable=SC2086
    "$program" ${view%% *} -q "$db" ${view#"${view%% *}"} >"$work/view" 2>&1
    clean "$view" "$work/view"
done
"$program" analyze -q "$work/big.pcapng" >"$work/view"
clean "analyze" "$work/view"
"$program" report -q "$db" -o "$work/page.html" >/dev/null 2>&1
clean "the page" "$work/page.html"
report "the page runs no script of others" "$(grep -c '<script>alert' "$work/page.html" | grep -vx 0)"
report "analyze tells of losses first of all" \
    "$(grep -q 'packets dropped by the capturing host: 19' <("$program" analyze -q "$work/big.pcapng") || echo no)"
report "show does, too" \
    "$("$program" show -q "$db" | head -1 | grep -q '^PACKETS LOST in' || echo no)"
report "show names the interface of each subflow" "$("$program" show -q "$db" |
    grep -c '^     on \(wlan0\\x1b\[2J\|wwan0\)$' | grep -vx 2)"
plan
