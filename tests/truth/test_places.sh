#!/bin/bash
# shellcheck disable=SC1091,SC2154
# Country and autonomous system of clients, from a location database made here.
source "$(dirname "$0")/lib.sh"

if ! command -v gnuplot >/dev/null || ! command -v python3 >/dev/null; then
    echo "1..0 # SKIP gnuplot or python3 is not installed"
    exit 0
fi
"$program" analyze -q --no-rules testdata/lab/{ipv6,loss}/client.pcap testdata/gen/v0-gso.pcap -o "$work/a.db" >/dev/null
place() { # NETWORK COUNTRY [NUMBER [NAME]]: a line of the location database
    echo "$*" >>"$work/lines"
}

# study NAME OPTION...: into a directory of that name
study() {
    local directory=$work/$1
    shift
    problem=$("$program" study -q --format svg "$@" "$work/a.db" -o "$directory" 2>&1 >"$work/files")
    status=$?
}

# rows NAME DIRECTORY KIND EXPECTED
rows() {
    local found
    found=$(tail -n +2 "$work/$2/$3.csv" | cut -d, -f 1-3 | paste -sd ' ')
    if test "$found" = "$4"; then report "$1"; else report "$1" "$found instead of $4"; fi
}

study without -k countries
report "nothing is known without data" "$problem"
rows "its numbers" without countries "not known,3,3"
report "its figure says so" "$(grep -q 'no location data' "$work/without/countries.svg" || echo "it does not")"

place 198.51.100.0/24 BE 64496 'Example, Net "of" Tests'
place "$(sqlite3 "$work/a.db" "SELECT client_addr FROM connection WHERE instr(client_addr, ':')")/128" - 64497
tests/gen/make_mmdb.py "$work/places.mmdb" <"$work/lines"
study with --geo "$work/places.mmdb"
if [[ $problem != *"built without libmaxminddb"* ]]; then
    report "all figures with data" "$problem"
    rows "countries" with countries "not known,2,2 BE,1,1"
    rows "systems" with systems "AS64496,Example; Net  of  Tests,1 AS64497,,1 not known,,1"
    report "names the data" "$(grep -q 'Test-Places of 2026-01-01' "$work/with/systems.svg" || echo "it does not")"

    # What one file does not know another may.
    echo "0.0.0.0/1 CH" | tests/gen/make_mmdb.py "$work/second.mmdb"
    study both --geo "$work/places.mmdb" --geo "$work/second.mmdb" -k countries
    rows "a second file" both countries "BE,1,1 CH,1,1 not known,1,1"
else
    skip "with data" "built without libmaxminddb"
fi

head -c 3000 /dev/urandom >"$work/noise.mmdb"
study noise --geo "$work/noise.mmdb"
report "no such file" "$(test $status = 1 || echo "exit $status")$(test ! -e "$work/noise" || echo "files written")"
size=$(stat -c %s "$work/places.mmdb")
for ((cut = 0; cut < size; cut += 97)); do
    { head -c "$cut" "$work/places.mmdb" && tail -c 200 "$work/places.mmdb"; } >"$work/cut.mmdb"
    study cut --geo "$work/cut.mmdb" -k systems
    test $status -le 1 || break
done
report "damaged files" "$(test $status -le 1 || echo "exit $status, cut at $cut")"
plan
