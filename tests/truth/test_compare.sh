#!/bin/bash
# shellcheck disable=SC1091,SC2154
# compare: medians, quartiles, effects and p against a count of all arrangements, of the very values
# that its figures show.
source "$(dirname "$0")/lib.sh"

if ! command -v gnuplot >/dev/null || ! command -v python3 >/dev/null; then
    echo "1..0 # SKIP gnuplot or python3 is not installed"
    exit 0
fi

# check NAME: the figures and the JSON of that name in $work agree with a count.
check() {
    report "$1" "$(python3 - "$work/$1" "$work/$1.json" 2>&1 <<'EOF'
import csv, itertools, json, sys

def quantile(v, q):
    at = q * (len(v) - 1)
    low = int(at)
    return v[low] + (at - low) * (v[min(low + 1, len(v) - 1)] - v[low])

def above(x, y):
    return sum((b > a) - (b < a) for a in x for b in y)

def p_of(x, y):
    """The part of all divisions of the values that is as uneven as this one, and the least such part."""
    every = x + y
    sums = []
    for chosen in itertools.combinations(range(len(every)), len(x)):
        rest = [every[i] for i in range(len(every)) if i not in chosen]
        sums.append(abs(above([every[i] for i in chosen], rest)))
    return sum(s >= abs(above(x, y)) for s in sums) / len(sums), sum(s == max(sums) for s in sums) / len(sums)

def differ(what, found, expected):
    if (found is None) != (expected is None) or found is not None and abs(found - expected) > 1e-5 * max(1, abs(expected)):
        print(what, found, "instead of", expected)

boxes = {(r["quantity"], int(r["group"])): r for r in csv.DictReader(open(sys.argv[1] + "/compare.csv"))}
values = {}
for quantity, group in boxes:
    values[quantity, group] = []
    if all(int(boxes[q, g]["n"]) == 0 for q, g in boxes if q == quantity):
        continue
    before = 0
    for row in csv.DictReader(open(f"{sys.argv[1]}/{quantity}.csv")):
        if int(row["line"]) == group:
            so_far = round(float(row["percent"]) * int(row["n"]) / 100)
            values[quantity, group] += [float(row["value"])] * (so_far - before)
            before = so_far
tests = {}
for (quantity, group), v in values.items():
    first = values[quantity, 1]
    if group > 1 and min(len(first), len(v)) >= 3:
        tests[quantity, group] = p_of(first, v)
least = 0
holm = {}
for i, (key, (p, _)) in enumerate(sorted(tests.items(), key=lambda item: item[1][0])):
    holm[key] = least = max(least, min(1, p * (len(tests) - i)))
for (key, v), told in zip(values.items(), json.load(open(sys.argv[2]))):
    box, first = boxes[key], values[key[0], 1]
    number = lambda field: float(box[field]) if box[field] else None
    differ((key, "n"), int(box["n"]), len(v))
    for field, q in ("p5", .05), ("p25", .25), ("median", .5), ("p75", .75), ("p95", .95):
        differ((key, field), number(field), quantile(v, q) if v else None)
    differ((key, "p"), number("p"), holm.get(key))
    differ((key, "smallest p"), number("smallest_p"), tests[key][1] if key in tests else None)
    differ((key, "effect"), number("effect"), above(first, v) / len(first) / len(v) if key in tests else None)
    differ((key, "p told"), told["p"], holm.get(key))
    differ((key, "n told"), told["n"], len(v))
    if len(tests) < 10:
        print("only", len(tests), "tests")
EOF
    )"
}

# runs NAME OPTION... SOURCE...: compares them as $work/NAME.json, with figures in $work/NAME.
runs() {
    local name=$1
    shift
    report "$name without a word" "$("$program" compare -q --json --format png "$@" -o "$work/$name" \
        2>&1 >"$work/$name.json")"
}

lab=testdata/lab
runs two --group "path=*path*" --group "rest=*" \
    $lab/{two-path-upload,two-path-download,path-down,loss,checksum,ipv6,bidirectional,delayed-join}/client.pcap
check two
runs three --group "a=*path*" --group "b=*backup*" --group "b=*loss*" --group "c=*" \
    $lab/{two-path-upload,two-path-download,path-down,backup-idle,backup-used,loss,checksum}/client.pcap \
    $lab/{ipv6,bidirectional,queue-drop,delayed-join}/client.pcap
check three

# A group without values of some metrics, one whose median is a number with one digit and an exponent,
# and a name that would have to be quoted.
# shellcheck disable=SC2016
report "few values, odd names" "$("$program" compare -q --format svg --group 'small=*/short-*' --group 'l"a\$(r)'"'g,_^e=*" \
    $lab/{short-connections,loss,path-down}/client.pcap -o "$work/odd" 2>&1 >/dev/null)"
report "gnuplot has nothing to say" "$(cd "$work/odd" && for script in *.gp; do FORMAT=svg gnuplot -d "$script" 2>&1; done)"

# Groups by what connections are: TCP against MPTCP.
"$program" compare -q --json --tcp --by protocol $lab/short-connections/client.pcap \
    $lab/fallback-syn-stripped/server.pcap >"$work/by.json"
report "by protocol" "$(sqlite3 :memory: "SELECT r.value ->> 'group' || ' ' || (r.value ->> 'n') || ' ' ||
        (r.value ->> 'median') FROM json_each(readfile('$work/by.json')) r
        WHERE r.value ->> 'metric' IN ('subflows', 'data_bytes')" |
    diff - <(printf '%s\n' "MPTCP 3 20000" "TCP 1 20000" "MPTCP 3 2" "TCP 1 1") 2>&1)"
report "by what nobody knows" "$("$program" compare --by colour $lab/loss/client.pcap 2>&1 | grep -q "one of protocol" || echo accepted)"

# Too few values are not tested, or said to be few.
"$program" compare -q $lab/{loss,checksum}/client.pcap >"$work/few"
report "one value each" "$(grep -q 'n < 3' "$work/few" || cat "$work/few")"
"$program" compare -q --group "a=*" $lab/{loss,checksum}/client.pcap >"$work/none" 2>&1
report "one group" "$(grep -q 'nothing to compare' "$work/none" || cat "$work/none")"
"$program" compare -q --group "a=*path*" --group "b=*" \
    $lab/{two-path-upload,two-path-download,path-down,loss,checksum,ipv6}/client.pcap >"$work/three.txt"
report "three values each cannot differ for sure" "$(grep -q '[01]\.[0-9]*\* ' "$work/three.txt" || cat "$work/three.txt")"
report "what the star means" "$(grep -q '^\* so few values' "$work/three.txt" || cat "$work/three.txt")"
plan
