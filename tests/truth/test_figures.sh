#!/bin/bash
# shellcheck disable=SC1091,SC2154
# Figures of the shapes that are hard to draw: gnuplot has nothing to say, no words lie upon others or
# stick out, nothing is lost where much is drawn, and charts in the terminal.
source "$(dirname "$0")/lib.sh"

if ! command -v gnuplot >/dev/null || ! command -v sqlite3 >/dev/null; then
    echo "1..0 # SKIP gnuplot or sqlite3 is not installed"
    exit 0
fi
generator=$(dirname "$program")/tests/gen/gen_figures

# A gnuplot that writes down what it says: the program only looks at it after a failure.
mkdir "$work/bin"
printf '#!/bin/sh\nexec "%s" "$@" 2>>"%s"\n' "$(command -v gnuplot)" "$work/warnings" >"$work/bin/gnuplot"
chmod +x "$work/bin/gnuplot"

# draw NAME CAPTURE ARGUMENT...: all figures to $work/NAME, in the name of a test.
draw() {
    local name=$1 capture=$2
    shift 2
    : >"$work/warnings"
    analyze "$capture"
    test -n "$problem" ||
        problem=$(PATH=$work/bin:$PATH "$program" plot -q "$db" -o "$work/$name" "$@" 2>&1 >"$work/files")
    report "$name: drawn without a word" "$problem$(cat "$work/warnings")"
}

# shape NAME SHAPE SCALE ARGUMENT...: the same of a generated capture, as SVG; at least 8 figures.
shape() {
    local name=$1
    "$generator" "$2" "$work/$name.pcap" "$3"
    shift 3
    draw "$name" "$work/$name.pcap" --format svg "$@"
    report "$name: eight figures or more" "$(test "$(wc -l <"$work/files")" -ge 8 || cat "$work/files")"
}

shape two subflows 2 --label '192.168.100.0/24=a_{name} ^of & <24>'
shape forty subflows 40
shape ipv6 ipv6 8 --label '2001:db8:1111::/48=a name of 24 letters, so'
shape millisecond millisecond 1
shape hours hours 1
if test -n "$thorough"; then
    shape one subflows 1
    shape fallback fallback 1
fi
"$generator" no-data "$work/nothing.pcap"
draw nothing "$work/nothing.pcap"
report "nothing: no figure" "$(cat "$work/files")"
draw real testdata/lab/path-down/client.pcap --format all
report "real: each as PNG, SVG and PDF" \
    "$(test "$(grep -c 'png$' "$work/files")" -eq "$(grep -c 'pdf$' "$work/files")" || cat "$work/files")"

# signs FIGURE: when and with what words each signal is told, by row.
signs() {
    sed -n '/^# .*FROM signal WHERE 1 /,/^$/p' "$work/$1.tsv" | awk -F '\t' '$1 + 0 == $1 && $1 > 0 { print $2, int($1), $4 }'
}
report "real: each signal has its word" "$(diff <(signs real/connection-1-sequence-c2s) - <<'END'
1 7 join 1
2 132 handover
3 193 DATA_FIN
3 803 DATA_FIN
END
)"
# drawn FIGURE PATTERN COLUMN TIME: value of the column in the last row of that query up to TIME, in ms.
drawn() {
    sed -n "/^# .*$2/,/^\$/p" "$work/$1.tsv" |
        awk -F '\t' -v column="$3" -v time="$4" '$1 + 0 == $1 && $1 <= time { value = $column } END { print value }'
}
report "real: the DATA_ACK stands still in a stall and ends where it was seen" "$(
    for time in 217 250 434; do
        test "$(drawn real/connection-1-sequence-c2s 'FROM data_ack' 2 "$time")" = 130.96 || echo "at $time ms"
    done
    test "$(drawn real/connection-1-sequence-c2s 'FROM data_ack' 2 803.2)" = 220.0 || echo "at the end")"
report "real: what is outstanding is drawn all the time" "$(
    for at in 300,88.656 600,56.52 780,56.52 830,0.0; do
        is=$(drawn real/connection-1-flight-c2s "flight_step WHERE kind = 'flight'" 2 "${at%,*}")
        test "$is" = "${at#*,}" || echo "$is at ${at%,*} ms"
    done)"

# What fills a hole without repeating anything is not "retransmitted", as in the tables.
draw filling testdata/lab/reordering/server.pcap -k repeats --format svg
expect "filling: one segment comes again, six fill holes" "$db" "SELECT sum(retransmitted_packets),
    (SELECT count(*) FROM retransmission r WHERE r.direction = d.direction AND bytes = hole_filled_bytes)
    FROM subflow_direction d WHERE direction = 'c2s'" "1|6"
report "filling: the figure says the same" "$(grep -qF \
    '2 packets sent again: 1 reinjected, 1 retransmitted; 6 more fill holes' \
    "$work/filling/connection-1-repeats-c2s.svg" || echo missing)"

report "a name is not taken for markup" \
    "$(grep -qF 'a_{name} ^of &amp; &lt;24>' "$work/two/connection-1-share-c2s.svg" || echo missing)"
report "the same subflow has the same colour in all figures" "$(
    for figure in sequence throughput rtt flight usage share; do
        grep -q 'rgb( *213, *94, *0)\|#[dD]55[eE]00' "$work/two/connection-1-$figure-c2s.svg" || echo "$figure"
    done)"
report "joins in a row share their words" \
    "$(grep -q 'joins 1 to 39' "$work/forty/connection-1-sequence-c2s.svg" || echo missing)"
report "every size is below 1 MB" "$(find "$work" -name '*.svg' -size +1000000c)"
if command -v chromium >/dev/null; then
    report "all words can be read" "$(tests/page/figures.py "$work"/*/*.svg 2>&1)"
else
    skip "all words can be read" "chromium is not installed"
fi

# A hundred thousand segments, or a million, of a regular pattern, every thousandth reinjected.
n=${thorough:+1000000} n=${n:-100000}
"$generator" many "$work/many.pcap" "$n"
draw many "$work/many.pcap" -k sequence --format svg
figure=$work/many/connection-1-sequence-c2s.svg
report "many segments: below 1 MB" \
    "$(test "$(stat -c %s "$figure")" -lt 1000000 || stat -c '%s bytes' "$figure")"
report "many segments: it says for how many it stands" \
    "$(grep -qE "Data sequence over time · $n segments in [0-9]+ strokes" "$figure" || echo missing)"
# A mark for each, and one in the legend.
report "many segments: every reinjection has its mark" \
    "$(test "$(grep -o "href='#gpPt5' transform" "$figure" | wc -l)" -eq $((n / 1000 + 1)) || echo "not so")"
expect "many segments: in runs of bounded time" "$db" \
    "SELECT min(n) > 20, max(n) <= 2048 FROM (SELECT count(*) AS n FROM dsn_run WHERE kind = 'new'
     GROUP BY subflow_id)" "1|1"

# In a terminal; `script` makes one.
analyze testdata/lab/path-down/client.pcap
report "no charts in a pipe" "$("$program" show "$db" -c 1 | grep '[█▁]')"
report "no charts where they are not wanted" \
    "$("$program" show "$db" --charts always --charts never | grep '[█▁]')"
if command -v script >/dev/null; then
    # in_terminal COLUMNS LOCALE TERM COMMAND: how many lines have a chart.
    in_terminal() {
        LC_ALL=$2 TERM=$3 script -qec "stty cols $1; $program $4 $db" /dev/null </dev/null |
            LC_ALL=C.UTF-8 grep -c '[█▁]'
    }
    report "charts in a terminal" "$(test "$(in_terminal 80 C.UTF-8 xterm show)" -gt 2 || echo none)"
    report "charts in a list, if it is wide" "$(test "$(in_terminal 100 C.UTF-8 xterm list)" -eq 1 || echo none)"
    report "none in a narrow one" "$(test "$(in_terminal 79 C.UTF-8 xterm show)" -eq 0 || echo some)"
    report "none in a dumb one" "$(test "$(in_terminal 120 C.UTF-8 dumb show)" -eq 0 || echo some)"
    report "none without UTF-8" "$(test "$(in_terminal 120 C xterm show)" -eq 0 || echo some)"
else
    skip "charts in a terminal" "script is not installed"
fi
for kind in sequence throughput rtt flight; do
    text=$("$program" plot "$db" --term -k "$kind" 2>&1)
    report "in the terminal: $kind" "$(test "$(printf '%s\n' "$text" | wc -l)" -gt 20 || echo "$text")"
    report "in the terminal: $kind is not too wide" \
        "$(test "$(printf '%s\n' "$text" | LC_ALL=C.UTF-8 wc -L)" -le 80 || echo "$text")"
    report "in the terminal: $kind begins no page, ends no line with spaces" \
        "$(printf '%s\n' "$text" | grep -n "$(printf '\f')\| \$")"
done
plan
