#!/bin/bash
# shellcheck disable=SC1091,SC2154
# `events --monitor` of captures made at a host against what `ip mptcp monitor` recorded there
# (testdata/lab): the same lines in the same order for each connection.  Not compared is what the
# wire does not show (the manual page lists it): listener events, interface numbers, errors of the
# host itself (103, ECONNABORTED), sockets that write IPv4 addresses as IPv6, and connections that
# never were MPTCP.
source "$(dirname "$0")/lib.sh"

lab=${1:-testdata/lab} # or what `scripts/lab all -o DIR` left in DIR

# Lines of the kernel without what the wire does not show, connection by connection.
visible() {
    sed -e '/UNKNOWN 1[56]/d' -e '/LISTENER/d' -e 's/ ifindex=[0-9]*//' -e 's/ error=103//' \
        -e 's/\([sd]addr\)6=::ffff:/\14=/g' "$1" | sort -s -t= -k2,2.8
}

for directory in "$lab"/*/; do
    scenario=$(basename "$directory")
    for end in client server; do
        "$program" events -q --monitor "$end" "$directory/$end"*.pcap >"$work/made" 2>&1
        case "$scenario $end" in
        # A connection without a key on the wire has no token; the kernel told of its end.
        "fallback-server-tcp client" | "fallback-syn-stripped client")
            report "$scenario, $end: nothing to tell" "$(cat "$work/made")"
            continue
            ;;
        esac
        report "$scenario, $end: the lines of ip mptcp monitor" \
            "$(diff <(visible "$directory/$end.monitor") <(sort -s -t= -k2,2.8 "$work/made"))"
    done
done

plan
