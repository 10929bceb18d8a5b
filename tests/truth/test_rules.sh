#!/bin/bash
# shellcheck disable=SC1091,SC2154
# Rules on real captures: silent where nothing was done wrong, however the capture was cut, and loud
# where a fault was put in.
source "$(dirname "$0")/lib.sh"

rewrite() { python3 tests/truth/rewrite.py "$@"; }

# What is really there: capture and rule, in the default profile.
known="
testdata/whole/checksum-failure/server.pcap DSS-04
testdata/whole/fallback-checksum/server.pcap DSS-04
testdata/lab/address-hmac-rewritten/client.pcap SEC-05
testdata/lab/join-hmac-rewritten/server.pcap SEC-04
$captures/key-change-v0.pcap MPC-12
$captures/key-change-v0.pcap MPC-13
$captures/tcpdump-mptcp-aa-v1.pcap SEC-05
$captures/tcpdump-mptcp-v1.pcap FIN-07
"

# violations NAME: what the rules found in $db, less what is known of capture NAME.
violations() {
    local rule rest

    query "$db" "SELECT rule_id, 'packet ' || coalesce(packet, 0) || ': ' || evidence FROM finding
        WHERE verdict = 'violation'" |
        while IFS='|' read -r rule rest; do
            grep -qxF "$1 $rule" <<<"$known" || echo "$rule $rest"
        done
}

# silent NAME CAPTURE VARIANT: adds to $noise what is found in CAPTURE, made of NAME.
silent() {
    db=$work/x.db
    problem=$("$program" analyze --dss-checksums -q -f "$2" -o "$db" 2>&1 >"$work/out") ||
        case $? in 4) problem= ;; esac
    test -n "$problem" || problem=$(violations "$1")
    test -z "$problem" || noise="$noise$3: $problem
"
}

# How many random variants there are of each capture; on every day one, and only of the client's.
seeds=${thorough:+3}
for capture in testdata/lab/*/*.pcap testdata/whole/*/*.pcap testdata/gen/v0-*.pcap \
    "$captures"/*.pcap*; do
    test -f "$capture" || continue
    noise=
    silent "$capture" "$capture" whole
    case $capture in
    testdata/*)
        if test -z "$thorough" && [[ $capture = */server*.pcap ]]; then
            report "$capture: no false alarm" "$noise"
            continue
        fi
        rewrite "$capture" "$work/x.pcap" snap 96
        silent "$capture" "$work/x.pcap" "snap 96"
        for ((seed = 1; seed <= ${seeds:-1}; seed++)); do
            rewrite "$capture" "$work/x.pcap" drop 3 $seed
            silent "$capture" "$work/x.pcap" "drop 3 $seed"
            if test -n "$thorough"; then
                rewrite "$capture" "$work/x.pcap" delay 10 $seed
                silent "$capture" "$work/x.pcap" "delay 10 $seed"
            fi
            rewrite "$capture" "$work/x.pcap" from $((seed * 7 + 1))
            silent "$capture" "$work/x.pcap" "from $((seed * 7 + 1))"
        done
        ;;
    esac
    report "${capture#"$captures"/}: no false alarm" "$noise"
done

# The path takes MP_JOIN off the SYN between the taps: who is near the server is not near that SYN.
db=$work/x.db
rewrite testdata/lab/join-stripped/client.pcap "$work/x.pcap" from 18
"$program" analyze -q -f "$work/x.pcap" testdata/lab/join-stripped/server.pcap -o "$db" >"$work/out"
report "join-stripped: no false alarm where the client's capture begins late" "$(violations merged)"

# fault NAME CAPTURE RULE...: the fault is found by one of the rules; by RULE@ in its packet.
fault() {
    local name=$1 capture=$2 packet found rule problem=

    shift 2
    packet=$(rewrite "$capture" "$work/x.pcap" fault "$name")
    "$program" analyze --dss-checksums -q -f "$work/x.pcap" -o "$work/x.db" >"$work/out"
    found=$(query "$work/x.db" "SELECT rule_id, verdict, coalesce(packet, 0), evidence FROM finding
        WHERE verdict IN ('violation', 'warning')")
    for rule; do
        case $rule in
        *@) grep -Eq "^${rule%@}\|[a-z]*\|$packet\|" <<<"$found" && break ;;
        *) grep -q "^$rule|" <<<"$found" && break ;;
        esac
        rule=
    done
    test -n "$rule" || problem="packet $packet, but only: $found"
    # One root cause is one violation.
    found=$(grep '|violation|' <<<"$found" | cut -d'|' -f1 | sort -u)
    for rule in $found; do
        case " $* " in *" $rule "* | *" $rule@ "*) ;; *) problem="$problem
$rule speaks, too" ;; esac
    done
    report "fault $name: $*" "$problem"
}

upload=testdata/lab/two-path-upload/client.pcap
fault key-echo $upload MPC-12
fault flag-b $upload MPC-07 MPC-20
fault algorithm $upload MPC-09 MPC-10
fault token $upload SEC-01 JOIN-05
fault hmac-synack $upload SEC-03 JOIN-07
fault hmac-ack $upload SEC-04 JOIN-08
fault hmac-add-addr testdata/lab/dual-stack/client.pcap SEC-05 ADDR-11
fault idsn testdata/lab/two-path-download/client.pcap SEC-02 SEC-06 MPC-17
fault reserved-join $upload JOIN-01
fault fourth-ack $upload JOIN-09
fault reserved-dss $upload OPT-04
fault moved-mapping $upload DSS-06
fault foreign-mapping $upload DSS-07
fault payload testdata/whole/checksum/client.pcap DSS-04
fault dss-length $upload DSS-01
fault data-fin-without-map $upload DSS-02
fault infinite-mapping $upload FB-08 FB-04
fault remove-unknown $upload RMV-02
fault prio-length $upload PRIO-01
fault fail-without-checksum $upload FAIL-02
fault fastclose-length $upload FC-01
fault fastclose-key $upload FC-02
fault tcprst-on-ack $upload RST-01
fault subtype $upload OPT-02
fault option-sticks-out $upload OPT-01
for end in client server; do
    fault flag-c testdata/lab/two-path-upload/$end.pcap MPC-19@
    fault join-early testdata/lab/two-path-upload/$end.pcap JOIN-04@
    fault join-early testdata/lab/ipv6/$end.pcap JOIN-04@
    fault data-early testdata/lab/two-path-upload/$end.pcap JOIN-11@
    fault first-data testdata/lab/two-path-upload/$end.pcap MPC-16@
    fault dss-on-syn testdata/lab/two-path-upload/$end.pcap OPT-05@
    fault urgent testdata/lab/two-path-download/$end.pcap DSS-23@
    fault no-echo testdata/lab/dual-stack/$end.pcap ADDR-03@
    fault unfilled testdata/lab/two-path-upload/$end.pcap DSS-12@
    fault unmapped testdata/lab/loss/$end.pcap DSS-08@
    fault fastclose-ignored testdata/lab/two-path-upload/$end.pcap FC-07@
    fault idsn testdata/whole/checksum/$end.pcap SEC-02@
done
plan
