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

# A file name and an interface name that are commands, markup and statements: nothing of it is run,
# and programs read the results. sqlite3 and gnuplot get both.
evil=$work/$'e\e[2J;touch pwned;`touch pwned`$(touch pwned)\'"<b>,\\u0041.pcapng'
cp "$work/little.pcapng" "$evil"
python3 - "$evil" <<'END'
import sys
data = open(sys.argv[1], 'rb').read()
name = b"`touch pwned`'\"$(id)"
old = b'\2\0\5\0wwan0\0\0\0'
assert old in data
# An interface block grows: its two lengths do, too.
at = data.index(old)
start = data.rindex(b'\1\0\0\0', 0, at)
size = int.from_bytes(data[start + 4:start + 8], 'little')
option = b'\2\0' + len(name).to_bytes(2, 'little') + name + bytes(-len(name) % 4)
size += len(option) - len(old)
block = bytearray(data[start:start + size - len(option) + len(old)].replace(old, option))
block[4:8] = block[-4:] = size.to_bytes(4, 'little')
open(sys.argv[1], 'wb').write(data[:start] + bytes(block) + data[start + size - len(option) + len(old):])
END
problem=$("$program" analyze -q "$evil" -o "$work/evil.db" 2>&1 >"$work/view")
report "a hostile file name: analyzed" "$problem"
clean "a hostile file name: analyze" "$work/view"
expect "a hostile interface name is stored as it is" "$work/evil.db" \
    "SELECT interface FROM subflow WHERE ordinal = 1" "\`touch pwned\`'\"\$(id)"
absolute=$(realpath "$program")
for command in list show "show --json" "check --format junit" "check --format sarif" "check --format tap" \
    "export --format json" "export --format csv --table capture" "report -f -o evil.html"; do
    # shellcheck disable=SC2086
    (cd "$work" && "$absolute" ${command%% *} -q evil.db ${command#"${command%% *}"} >view 2>&1)
    case $command in
    *json | *sarif) problem=$(sqlite3 :memory: "SELECT json_valid(CAST(readfile('$work/view') AS TEXT))" | grep -vx 1) ;;
    *junit) problem=$(python3 -c "import sys, xml.dom.minidom as x; x.parse(sys.argv[1])" "$work/view" 2>&1) ;;
    *csv*) problem=$(python3 -c "import csv, sys; print(*{len(r) for r in csv.reader(open(sys.argv[1]))})" \
        "$work/view" | grep ' ') ;;
    *) problem= ;;
    esac
    report "hostile names can be read: $command" "$problem"
    case $command in *csv*) ;; *) clean "hostile names: $command" "$work/view" ;; esac
done
report "hostile names: no markup in the page" "$(grep -o '<b>,' "$work/evil.html")"
if command -v gnuplot >/dev/null; then
    (cd "$work" && "$absolute" plot -q evil.db -k throughput --format svg -o figures >view 2>&1 &&
        for script in figures/*.gp; do gnuplot "$script" >/dev/null 2>&1; done)
    report "hostile names: a figure is drawn" "$(ls "$work"/figures/*.svg 2>&1 >/dev/null)"
else
    skip "hostile names: a figure is drawn" "gnuplot is not installed"
fi
report "hostile names: nothing of them was run" "$(find . "$work" -name 'pwned*' 2>/dev/null)"
plan
