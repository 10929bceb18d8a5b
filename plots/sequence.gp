# sequence.gp - data sequence over time: which subflow carried what when, what was sent again
# elsewhere and from where, what the other side had acknowledged and would take; below, one lane
# per subflow, and the signals.
load 'style.gpi'

lanes = int(ask('SELECT count(*) FROM lane'))
shown = lanes < 40 ? lanes : 40
lane_pixels = shown <= 3 ? 56 : shown <= 8 ? 40 : shown <= 16 ? 26 : 18
signals = int(ask('SELECT ifnull(max(row), 0) FROM signal'))
mark_height = shown <= 8 ? 0.5 : 1 # of a row of signals, in lanes
rows = shown + signals * mark_height
HEIGHT = 914 + widen(6) + (columns == 2) * 17 + lane_pixels * (rows > 2 ? rows : 2)
eval CANVAS
TITLE = ask("SELECT text FROM finding WHERE figure = 'sequence'")
SUBTITLE = 'Data sequence over time · '.ask('SELECT text FROM run_words').' · '.ask('SELECT words FROM subject') \
    .(shown < lanes ? sprintf(' · lanes of %d subflows of %d', shown, lanes) : '')
eval HEAD
eval SUBFLOWS
retransmitted = int(ask("SELECT count(*) FROM run WHERE kind = 'retransmission'")) > 0
marks = int(ask('SELECT marks FROM again_words')); reinjected = marks > 0
silent = int(ask('SELECT count(*) FROM silence')) > 0
acknowledged = int(ask('SELECT count(*) FROM data_ack')) > 0
edged = int(ask('SELECT count(*) FROM window_edge')) > 0
if (acknowledged) { entry_text = 'DATA_ACK'; entry_color = NOTE; eval LINE_ENTRY }
if (edged) { entry_text = 'right edge of the receive window'; entry_color = '#B4B9BE'; eval LINE_ENTRY }
if (retransmitted) {
    entry_text = 'TCP retransmission, in the colour of its subflow'; entry_color = NOTE; entry_mark = 2
    eval MARK_ENTRY
}
if (silent) { entry_text = SILENT_TEXT; entry_color = SILENT; eval SUBFLOW_ENTRY }
if (int(ask('SELECT count(*) FROM stale')) > 0) {
    entry_text = 'subflow without an ACK while others go on'; entry_color = STALE; eval SUBFLOW_ENTRY
}
if (reinjected) {
    entry_text = ask('SELECT text FROM again_words'); entry_color = RED; entry_mark = 6
    eval MARK_ENTRY
}

t_low = real(ask('SELECT low FROM time_axis')); t_high = real(ask('SELECT high FROM time_axis'))
t_unit = ask('SELECT name FROM time_axis'); y_unit = ask('SELECT name FROM data_axis')
y_low = real(ask('SELECT min(0, min(y0)) FROM run'))
y_high = real(ask('SELECT max(max(y1), min(ifnull((SELECT max(y) FROM window_edge), 0), max(y1) * 1.3)) FROM run'))
y_high = y_high > y_low ? y_high + 0.02 * (y_high - y_low) : y_low + 1
lanes_top = pix(125 + lane_pixels * (rows > 2 ? rows : 2))

set multiplot
set lmargin at screen LEFT; set rmargin at screen RIGHT
set xrange [t_low : t_high]
set yrange [y_low : y_high]
set tmargin at screen top(0); set bmargin at screen lanes_top + pix(40)
set ylabel 'data sequence, relative ['.y_unit.']' tc rgb NOTE offset (FORMAT eq 'svg' ? 1 : 0), 0
set format x ''
# Each ends with a row left of the picture: a query without rows would be a warning.  Reinjections
# lie below the data, which many of them would hide.
runs(kind) = sql("SELECT t0, t1, y0, y1, color FROM run_drawn WHERE kind = '".kind."' " \
    .'UNION ALL SELECT low - 1, low - 1, 0, 0, 0 FROM time_axis')
acks = sql('SELECT low - 1 AS t, 0 AS y FROM time_axis UNION ALL SELECT * FROM data_ack')
edge = sql("SELECT low - 1 AS t, 'NaN' AS y FROM time_axis UNION ALL SELECT * FROM window_edge")
again = sql('SELECT t, origin, y FROM again_drawn UNION ALL SELECT low - 1, low - 1, 0 FROM time_axis')
silence = sql('SELECT t0, t1 FROM silence UNION ALL SELECT low - 1, low - 1 FROM time_axis')
words = sql("SELECT t, text FROM silence_words UNION ALL SELECT low - 1, '-' FROM time_axis")
plot silence using (column('t0')):(y_low):(column('t0')):(column('t1')):(y_low):(y_high) with boxxyerror lc rgb SILENT, \
    edge using (column('t')):(column('y')) with steps lc rgb '#B4B9BE' lw 0.8 * px, \
    acks using (column('t')):(column('y')) with steps lc rgb NOTE lw 0.9 * px, \
    again using (column('origin')):(column('y')):(column('t') - column('origin')):(0) with vectors nohead lc rgb '#D98893' lw 0.5 * px, \
    again using (column('t')):(column('y')) with points pt 6 ps (marks > 200 ? 0.4 : 0.6) * px lc rgb RED lw 1 * px, \
    runs('new') using (column('t0')):(column('y0')):(column('t1') - column('t0')):(column('y1') - column('y0')):(column('color')) with vectors nohead lc rgb variable lw 2.2 * px, \
    runs('retransmission') using (column('t0')):(column('y0')):(column('color')) with points pt 2 ps 0.5 * px lc rgb variable, \
    words using (column('t')):(y_high - 0.04 * (y_high - y_low)):(stringcolumn('text')) with labels center font font(0.75) tc rgb NOTE noenhanced

do for [i = 1 : 200] { unset label i; unset object i; unset arrow i }
set tmargin at screen lanes_top; set bmargin at screen pix(110)
set format x '%g'
set xlabel 'time since the '.ask('SELECT origin FROM subject').' ['.t_unit.']' tc rgb NOTE
set yrange [shown + 0.5 : 0.5 - signals * mark_height]
mark_y(row) = 0.5 - (signals - row + 0.5) * mark_height
set ytics () scale 0
unset ylabel; unset grid; set grid xtics lc rgb GRID lt 1 lw 1 * px / 1.6
tic_font = font(lane_pixels < 26 ? 0.65 : 0.9)
set ytics font tic_font
set label 1 'subflow' at screen LEFT - 0.008, lanes_top + pix(14) right font font(0.8) tc rgb NOTE
# A bar is at least a pixel and a half wide; reinjections lie on top, lower, so that they hide nothing.
bars = sql(sprintf('SELECT t0, t1, lane, color FROM run_drawn WHERE lane <= %d ', shown) \
    .'UNION ALL SELECT low - 1, low - 1, 1, 0 FROM time_axis')
again_bars = sql('SELECT min(t) AS t0, max(max(t), min(t) + pixel * 1.5) AS t1, lane FROM again ' \
    .sprintf('WHERE lane <= %d ', shown).'GROUP BY lane, CAST(t / pixel / 2 AS INTEGER) ' \
    .'UNION ALL SELECT low - 1, low - 1, 1 FROM time_axis')
signs(condition) = sql('SELECT t, row, text_t, text FROM signal WHERE '.condition." UNION ALL SELECT 2 * low - high - 1, 1, 2 * low - high - 1, '-' FROM time_axis")
mark_font = font(lane_pixels < 26 ? 0.65 : 0.75)
stale = sql(sprintf('SELECT t0, t1, lane FROM stale WHERE lane <= %d ', shown) \
    .'UNION ALL SELECT low - 1, low - 1, 1 FROM time_axis')
plot silence using (column('t0')):(1):(column('t0')):(column('t1')):(0.5):(shown + 0.5) with boxxyerror lc rgb SILENT, \
    stale using (column('t0')):(column('lane')):(column('t0')):(column('t1')):(column('lane') - 0.2):(column('lane') + 0.2) with boxxyerror lc rgb STALE, \
    bars using (column('t0')):(column('lane')):(column('t0')):(column('t1')):(column('lane') - 0.34):(column('lane') + 0.34):(column('color')) with boxxyerror lc rgb variable, \
    again_bars using (column('t0')):(column('lane')):(column('t0')):(column('t1')):(column('lane')):(column('lane') + 0.42) with boxxyerror lc rgb RED, \
    signs('1') using (column('t')):(mark_y(column('row'))) with points pt 9 ps 0.7 * px lc rgb INK, \
    signs('rightward') using (column('text_t')):(mark_y(column('row'))):(stringcolumn('text')) with labels left font mark_font tc rgb INK noenhanced, \
    signs('NOT rightward') using (column('text_t')):(mark_y(column('row'))):(stringcolumn('text')) with labels right font mark_font tc rgb INK noenhanced, \
    sql(sprintf('SELECT lane, short_name FROM lane WHERE lane <= %d', shown)) using (t_low):(column('lane')):(""):ytic(stringcolumn('short_name')) with labels
unset multiplot
set output # a pipe is waited for
