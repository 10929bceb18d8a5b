# rtt.gp - RTT of each subflow and of the data over time, mean per bin; at the right the
# distributions.
load 'style.gpi'

HEIGHT = 900 + widen(1)
eval CANVAS
lanes = int(ask('SELECT count(*) FROM lane'))
measured = int(ask('SELECT count(*) FROM rtt_summary'))
TITLE = ask("SELECT text FROM finding WHERE figure = 'rtt'")
SUBTITLE = 'RTT, mean per bin · right: minimum to 95 %, thick 50 to 90 %, dot: median · '.ask('SELECT words || place FROM subject')
eval HEAD
eval SUBFLOWS
if (int(ask('SELECT count(*) FROM rtt_bin WHERE lane = 0')) > 0) {
    entry_text = 'data, up to the DATA_ACK'; entry_color = INK; eval LINE_ENTRY
}

unit = ask('SELECT name FROM rtt_axis')
split = measured > 12 ? 0.60 : measured > 4 ? 0.70 : measured > 2 ? 0.74 : 0.80
set multiplot
set lmargin at screen LEFT; set rmargin at screen split
set tmargin at screen top(0); set bmargin at screen pix(115)
# RTTs are also measured before and after the data, on FINs.
line_end(which) = sprintf("(SELECT %s(t) FROM rtt_line WHERE rtt <> 'NaN')", which)
set xrange [real(ask('SELECT min(low, '.line_end('min').') FROM time_axis')) : \
    real(ask('SELECT max(high, '.line_end('max').') FROM time_axis'))]
if (int(ask('SELECT logarithmic FROM rtt_axis'))) {
    set logscale y
    set yrange [real(ask('SELECT least * 0.8 FROM rtt_axis')) : real(ask('SELECT most * 1.25 FROM rtt_axis'))]
    axis = 'y'; ratio = real(ask('SELECT most / least FROM rtt_axis')); eval LOG_TICS
} else {
    set yrange [0 : real(ask('SELECT most * 1.08 FROM rtt_axis'))]
}
set xlabel 'time since the '.ask('SELECT origin FROM subject').' ['.ask('SELECT name FROM time_axis').']' tc rgb NOTE
set ylabel 'RTT ['.unit.']' tc rgb NOTE offset (FORMAT eq 'svg' ? 1 : 0), 0
# Marks show single bins; of many subflows there are too many.
line = sql('SELECT t, rtt, color, alone FROM rtt_line')
plot line using (column('t')):(column('rtt')):(column('color')) with lines lc rgb variable lw 0.9 * px, \
    line using (column('t')):(lanes <= 8 || column('alone') > 0 ? column('rtt') : NaN):(column('alone') > 0 ? 0.55 * px : 0.3 * px):(column('color')) with points pt 7 ps variable lc rgb variable

do for [i = 1 : 200] { unset label i; unset object i; unset arrow i }
set lmargin at screen split + 0.03; set rmargin at screen RIGHT
set xrange [0.4 : measured + 0.6]
set xlabel 'subflow'
unset ylabel
set format y ''
set grid noxtics ytics
tic_font = font(measured > 12 ? 0.65 : 0.9)
set xtics () scale 0 font tic_font
set boxwidth 0.2
# Of many, every fifth has its name.
summary = sql('SELECT row_number() OVER (ORDER BY lane = 0, lane) AS x, ' \
    .(measured > 12 ? 'iif(lane > 0 AND name % 5, char(160), name)' : 'name').' AS tic, * FROM rtt_summary')
plot summary using (column('x')):(column('low')):(0):(column('high') - column('low')):(column('color')) with vectors nohead lc rgb variable lw 1.2 * px, \
    '' using (column('x')):(column('median')):(0):(column('p90') - column('median')):(column('color')) with vectors nohead lc rgb variable lw (measured > 12 ? 3 : 7) * px, \
    '' using (column('x')):(column('median')):(column('color')):xtic(stringcolumn('tic')) with points pt 7 ps (measured > 12 ? 0.5 : 0.9) * px lc rgb variable, \
    '' using (column('x')):(column('median')) with points pt 7 ps (measured > 12 ? 0.2 : 0.4) * px lc rgb '#FFFFFF', \
    for [i = 1 : measured <= 12] '' using (column('x')):(column('high')):(stringcolumn(measured <= 4 ? 'text' : 'short_text')) with labels center offset 0, 0.8 font font(measured <= 4 ? 0.8 : 0.7) tc rgb INK
unset multiplot
set output # a pipe is waited for
