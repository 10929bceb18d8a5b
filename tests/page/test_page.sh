#!/bin/bash
# shellcheck disable=SC1091,SC2154
# The page of `report`: valid HTML, nothing from elsewhere, names that are no markup, its size, and
# how it works in a browser.
source "$(dirname "$0")/../truth/lib.sh"

lab=testdata/lab
several=("$lab"/short-connections/client.pcap "$lab"/fallback-checksum/client.pcap
    "$lab"/path-down/client.pcap "$lab"/join-refused/client.pcap)

# page NAME ARGUMENT...: writes $work/NAME.html; sets problem if that failed.
page() {
    local name=$1
    shift
    problem=$("$program" report -q -f -o "$work/$name.html" "$@" 2>&1)
}

# Whether HTML Tidy finds nothing at all to say.
valid() {
    if test -n "$problem"; then
        report "$1" "$problem"
    elif command -v tidy >/dev/null; then
        report "$1" "$(tidy -q -e "$2" 2>&1)"
    else
        skip "$1" "tidy is not installed"
    fi
}

page several "${several[@]}" --hash --figures 1
valid "several captures: valid HTML" "$work/several.html"
report "the hash is that of the file" "$(grep -qF "$(sha256sum <"${several[2]}" | cut -d' ' -f1)" \
    "$work/several.html" || echo missing)"
page first "$lab/path-down/client.pcap" --figures 0
report "the first evidence of a rule is the first that check names" "$(
    named=$("$program" check --format json "$lab/path-down/client.pcap" |
        grep -oE '"rule":"DSS-18"[^}]*"packet":[0-9]+' | head -1 | grep -oE '[0-9]+$')
    grep -q "DSS-18<.*(packet $named)" "$work/first.html" || echo "not packet $named")"
report "nothing from elsewhere" \
    "$(grep -noE '(https?:)?//[a-z]|[ "]src=|url\([^#]|@import|<(link|iframe|img|object|base)\b' \
        "$work/several.html" | grep -v 'RFC' | head -5)"
report "no style and no handler inside a tag" \
    "$(grep -noE '<[a-z][^>]* (style|on[a-z]+)="' "$work/several.html" | head -5)"
cp "$work/several.html" "$work/before.html"
page several "${several[@]}" --hash --figures 1
report "the same input gives the same page" "$(cmp "$work/before.html" "$work/several.html" 2>&1)"

for case in ipv6 address-flapping join-unreachable; do
    page "$case" "$lab/$case/client.pcap" --figures 0
    valid "$case: valid HTML" "$work/$case.html"
done
page none testdata/damaged/header-only.pcap
valid "no packet: valid HTML" "$work/none.html"
page unknown testdata/gen/unknown-options.pcap --name-option 'mptcp:0xf:0x0001=<b>&bold,u16' --figures 0
valid "names of options: valid HTML" "$work/unknown.html"

# A file name may be anything but a slash.
evil="$work/"'<img src=x onerror="hostile=1"><script>hostile=1<'"'"'&amp;.pcap'
cp "$lab/short-connections/client.pcap" "$evil"
page evil "$evil" "${several[@]:1}"
valid "hostile file name: valid HTML" "$work/evil.html"
report "hostile file name: no markup" "$(grep -noE '<(img|script>hostile)' "$work/evil.html")"
report "hostile file name: written out" \
    "$(grep -qF '&lt;img src=x onerror=&quot;hostile=1&quot;&gt;&lt;script&gt;' "$work/evil.html" ||
        echo missing)"
page alone "$evil" --figures 0
report "hostile file name: as a title" \
    "$(grep -qF '<h1>&lt;img src=x' "$work/alone.html" || echo missing)"

# Without the programs that draw.
mkdir "$work/bin"
problem=$(PATH=$work/bin "$program" report -f -o "$work/plain.html" "${several[2]}" 2>&1)
report "without gnuplot: said" \
    "$(test "$problem" = "mptcpscope: no figures: gnuplot is not installed; figures need it" ||
        echo "$problem")"
report "without gnuplot: said in the page" \
    "$(grep -q 'Figures could not be drawn: gnuplot is not installed' "$work/plain.html" ||
        echo missing)"

# A thousand connections.
build=$(dirname "$program")
if "$build/tests/gen/gen_bench" --mode many --connections 1000 --concurrency 50 --subflows 3 \
    -o "$work/many.pcap" --truth "$work/many.json" 2>"$work/stderr"; then
    analyze "$work/many.pcap"
    page many "$db" --figures 2
    valid "1000 connections: valid HTML" "$work/many.html"
    report "1000 connections: below 5 MB" \
        "$(test "$(stat -c %s "$work/many.html")" -lt 5000000 || stat -c '%s bytes' "$work/many.html")"
    report "1000 connections: all have their page" \
        "$(test "$(grep -c '<h3 id="c' "$work/many.html")" -eq 1000 || echo "not so")"
    report "1000 connections: it says which are drawn" \
        "$(grep -q 'Figures are drawn for 2 connections of 1000: those with a problem first' \
            "$work/many.html" || echo missing)"
    report "1000 connections: and which ones" \
        "$(test "$(grep 'Drawn:' "$work/many.html" | grep -o 'href="#c[0-9]*"' | wc -l)" -eq 2 ||
            echo "not so")"
else
    report "1000 connections" "$(cat "$work/stderr")"
fi

if command -v chromium >/dev/null; then
    tests/page/browser.py "$work/evil.html" >"$work/tap" 2>&1
    status=$?
    while read -r line; do
        report "browser: ${line#ok * - }" "$(case $line in ok*) ;; *) echo "$line" ;; esac)"
    done < <(grep -E '^(not )?ok ' "$work/tap")
    report "browser: ran to its end" "$(test "$status" -eq 0 || tail -20 "$work/tap")"
else
    skip "the page in a browser" "chromium is not installed"
fi
plan
