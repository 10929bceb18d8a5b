# sequence.gp - data sequence over time: which subflow carried what when, what was sent again
# elsewhere, what the other side had acknowledged; below, one lane per subflow.
load 'style.gpi'

lanes = int(ask('SELECT count(*) FROM lane'))
shown = lanes < 40 ? lanes : 40
lane_pixels = shown <= 3 ? 56 : shown <= 8 ? 40 : shown <= 16 ? 26 : 18
HEIGHT = 880 + widen(3) + lane_pixels * (shown > 2 ? shown : 2)
eval CANVAS
TITLE = ask("SELECT text FROM finding WHERE figure = 'sequence'")
SUBTITLE = 'Data sequence over time · '.ask('SELECT words FROM subject') \
    .(shown < lanes ? sprintf(' · lanes of %d subflows of %d', shown, lanes) : '')
eval HEAD
eval SUBFLOWS
count(kind) = int(ask("SELECT count(*) FROM run WHERE kind = '".kind."'"))
retransmitted = count('retransmission') > 0
reinjected = count('reinjection') > 0
acknowledged = int(ask('SELECT count(*) FROM data_ack')) > 0
if (acknowledged) { entry_text = 'DATA_ACK'; entry_color = NOTE; eval LINE_ENTRY }
if (retransmitted) {
    entry_text = 'TCP retransmission, in the colour of its subflow'; entry_color = NOTE; entry_mark = 2
    eval MARK_ENTRY
}
if (reinjected) {
    entry_text = 'reinjection: the same data on another subflow'; entry_color = RED; entry_mark = 6
    eval MARK_ENTRY
}

t_low = real(ask('SELECT low FROM time_axis')); t_high = real(ask('SELECT high FROM time_axis'))
t_unit = ask('SELECT name FROM time_axis'); y_unit = ask('SELECT name FROM data_axis')
lanes_top = pix(125 + lane_pixels * (shown > 2 ? shown : 2))

set multiplot
set lmargin at screen LEFT; set rmargin at screen RIGHT
set xrange [t_low : t_high]
set tmargin at screen top(0); set bmargin at screen lanes_top + pix(40)
set ylabel 'data sequence, relative ['.y_unit.']' tc rgb NOTE offset (png ? 0 : 1), 0
set format x ''
# Each ends with a row left of the picture: a query without rows would be a warning.
runs(kind) = sql("SELECT t0, t1, y0, y1, color FROM run WHERE kind = '".kind."' " \
    .'UNION ALL SELECT low - 1, low - 1, 0, 0, 0 FROM time_axis')
acks = sql('SELECT low - 1 AS t, 0 AS y FROM time_axis UNION ALL SELECT t, y FROM data_ack')
plot acks using (column('t')):(column('y')) with steps lc rgb NOTE lw 0.9 * px, \
    runs('new') using (column('t0')):(column('y0')):(column('t1') - column('t0')):(column('y1') - column('y0')):(column('color')) with vectors nohead lc rgb variable lw 2.2 * px, \
    runs('new') using (column('t0')):(column('y0')):(column('color')) with points pt 7 ps 0.25 * px lc rgb variable, \
    runs('retransmission') using (column('t0')):(column('y0')):(column('color')) with points pt 2 ps 0.5 * px lc rgb variable, \
    runs('reinjection') using (column('t0')):(column('y0')):(column('t1') - column('t0')):(column('y1') - column('y0')):(column('color')) with vectors nohead lc rgb variable lw 1.2 * px, \
    runs('reinjection') using (column('t0')):(column('y0')):(column('color')) with points pt 6 ps 0.6 * px lc rgb variable lw 1 * px

do for [i = 1 : 200] { unset label i; unset object i; unset arrow i }
set tmargin at screen lanes_top; set bmargin at screen pix(110)
set format x '%g'
set xlabel 'time since the '.ask('SELECT origin FROM subject').' ['.t_unit.']' tc rgb NOTE
set yrange [shown + 0.5 : 0.5]
set ytics () scale 0
unset ylabel; unset grid; set grid xtics lc rgb GRID lt 1 lw 1 * px / 1.6
tic_font = font(lane_pixels < 26 ? 0.65 : 0.9)
set ytics font tic_font
set label 1 'subflow' at screen LEFT - 0.008, lanes_top + pix(14) right font font(0.8) tc rgb NOTE
# A bar is at least a pixel wide; reinjections lie on top.
bars(condition) = sql('SELECT t0, max(t1, t0 + pixel) AS t1, lane, color FROM run WHERE ' \
    .sprintf('lane <= %d AND ', shown).condition.' UNION ALL SELECT low - 1, low - 1, 1, 0 FROM time_axis')
plot bars("kind <> 'reinjection'") using (column('t0')):(column('lane')):(column('t0')):(column('t1')):(column('lane') - 0.34):(column('lane') + 0.34):(column('color')) with boxxyerror lc rgb variable, \
    bars("kind = 'reinjection'") using (column('t0')):(column('lane')):(column('t0')):(column('t1')):(column('lane') - 0.34):(column('lane') + 0.34):(column('color')) with boxxyerror lc rgb variable, \
    sql(sprintf('SELECT lane, ordinal FROM lane WHERE lane <= %d', shown)) using (t_low):(column('lane')):(""):ytic(stringcolumn('ordinal')) with labels
unset multiplot
