# terminal.gp - a figure as text: $KIND is sequence, throughput, rtt or flight.
load 'style.gpi'

KIND = system('printf %s "$KIND"')
COLUMNS = int(system('printf %s "${COLUMNS:-80}"')); LINES = int(system('printf %s "${LINES:-24}"'))
set terminal dumb noenhanced size (COLUMNS > 40 ? COLUMNS : 40), (LINES > 16 ? LINES : 16) nofeed
set output OUT
reset
set datafile separator tab
set datafile columnheaders
lanes = int(ask('SELECT count(*) FROM lane')); shown = lanes < 8 ? lanes : 8
set title ask("SELECT text FROM finding WHERE figure = '".KIND."'")
set xlabel 'time since the '.ask('SELECT origin FROM subject').' ['.ask('SELECT name FROM time_axis').']'
set xrange [real(ask('SELECT low FROM time_axis')) : real(ask('SELECT high FROM time_axis'))]
set tics out nomirror
set border 3
set key below left Left reverse
name(i) = ask(sprintf('SELECT path FROM lane WHERE lane = %d', i))
ended(q) = sql(q.' UNION ALL SELECT low - 1, 0 FROM time_axis')
unit(axis) = ask('SELECT name FROM '.axis)
if (KIND eq 'sequence') {
    set ylabel unit('data_axis')
    plot for [i = 1 : shown] ended(sprintf("SELECT t0 AS t, y0 AS y FROM run WHERE kind <> 'reinjection' AND lane = %d", i)) using (column('t')):(column('y')) with points pt i title name(i), \
        ended('SELECT t, y FROM again_drawn') using (column('t')):(column('y')) with points pt 18 title 'reinjected'
}
if (KIND eq 'throughput') {
    set ylabel unit('rate_axis')
    set yrange [0 : *]
    plot for [i = 1 : shown] ended(sprintf('SELECT t, own AS y FROM own_step WHERE lane = %d', i)) using (column('t')):(column('y')) with points pt i title name(i), \
        ended('SELECT t, goodput AS y FROM own_step WHERE lane = 1') using (column('t')):(column('y')) with points pt 7 title 'goodput of all'
}
if (KIND eq 'rtt') {
    set ylabel unit('rtt_axis')
    set yrange [0 : *]
    plot for [i = 1 : shown] ended(sprintf("SELECT t, rtt AS y FROM rtt_line WHERE rtt <> 'NaN' AND lane = %d", i)) using (column('t')):(column('y')) with points pt i title name(i)
}
if (KIND eq 'flight') {
    set ylabel unit('flight_axis')
    set yrange [0 : *]
    plot ended('SELECT t0 AS t, window AS y FROM flight_bin WHERE subflow_id IS NULL AND window IS NOT NULL') using (column('t')):(column('y')) with points pt 23 title 'receive window', \
        ended('SELECT t0 AS t, flight AS y FROM flight_bin WHERE subflow_id IS NULL AND flight IS NOT NULL') using (column('t')):(column('y')) with points pt 4 title 'data in flight'
}
