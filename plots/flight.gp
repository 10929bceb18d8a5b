# flight.gp - data in flight against the receive window, with the flight of each subflow's TCP;
# below, what kept the sender from sending more.
load 'style.gpi'

limited = int(ask('SELECT count(*) FROM limitation')) > 0
filled = int(ask('SELECT count(*) FROM flight_bin WHERE filled AND subflow_id IS NULL')) > 0
HEIGHT = 900 + widen(4) + limited * 160
eval CANVAS
lanes = int(ask('SELECT count(*) FROM lane'))
TITLE = ask("SELECT text FROM finding WHERE figure = 'flight'")
SUBTITLE = 'Flight, the most in each bin, and receive window, the least · '.ask('SELECT words FROM subject')
eval HEAD
eval SUBFLOWS
entry_text = 'data without a DATA_ACK'; entry_color = INK; eval LINE_ENTRY
entry_text = 'receive window'; entry_color = '#B4B9BE'; eval LINE_ENTRY
entry_text = 'TCP flight of a subflow when it sends'; entry_color = NOTE; entry_mark = 7; eval MARK_ENTRY
if (filled) { entry_text = 'flight fills 95 % of the window'; entry_color = '#F6E3B4'; eval SUBFLOW_ENTRY }

top_y = real(ask('SELECT top * 1.08 FROM flight_axis'))
set multiplot
set lmargin at screen LEFT; set rmargin at screen RIGHT
set tmargin at screen top(0); set bmargin at screen pix(115 + limited * 160)
set xrange [real(ask('SELECT low FROM time_axis')) : real(ask('SELECT high FROM time_axis'))]
set yrange [0 : top_y]
set xlabel 'time since the '.ask('SELECT origin FROM subject').' ['.ask('SELECT name FROM time_axis').']' tc rgb NOTE
set ylabel 'flight ['.ask('SELECT name FROM flight_axis').']' tc rgb NOTE offset (FORMAT eq 'svg' ? 1 : 0), 0
# Each ends with a row left of the picture: a query without rows would be a warning.
bands = sql('SELECT t0, t1 + pixel AS t1 FROM flight_bin WHERE subflow_id IS NULL AND filled UNION ALL SELECT low - 1, low - 1 FROM time_axis')
steps(kind) = sql("SELECT low - 1 AS t, 'NaN' AS value FROM time_axis UNION ALL SELECT t, value FROM flight_step WHERE kind = '".kind."'")
line = sql("SELECT low - 1 AS t, 0 AS flight, 0 AS color, 0 AS alone FROM time_axis UNION ALL SELECT low - 1, 'NaN', 0, 0 FROM time_axis UNION ALL SELECT t, flight, color, alone FROM flight_line")
plot bands using (column('t0')):(0):(column('t0')):(column('t1')):(0):(top_y) with boxxyerror lc rgb '#F6E3B4', \
    line using (column('t')):(lanes <= 8 || column('alone') > 0 ? column('flight') : NaN):(column('alone') > 0 ? 0.55 * px : 0.3 * px):(column('color')) with points pt 7 ps variable lc rgb variable, \
    line using (column('t')):(column('flight')):(column('color')) with lines lc rgb variable lw 0.7 * px, \
    steps('window') using (column('t')):(column('value')) with lines lc rgb '#B4B9BE' lw 1.6 * px, \
    steps('flight') using (column('t')):(column('value')) with lines lc rgb INK lw 1.2 * px

if (limited) {
    do for [i = 1 : 200] { unset label i; unset object i; unset arrow i }
    set tmargin at screen pix(110); set bmargin at screen pix(62)
    set xrange [0 : 1]; set yrange [0 : 1]
    unset xlabel; unset ylabel; unset xtics; unset ytics; unset border; unset grid
    set label 1 'what kept the sender from sending more, as parts of the time' at screen LEFT, pix(128) font font(0.8) tc rgb NOTE
    set label 2 ask("SELECT group_concat(printf('%s %.1f %%', name, share * 100), ' · ') FROM limitation") at screen LEFT, pix(32) font font(0.8) tc rgb INK
    part = sql('SELECT low, share, color, name, named FROM limitation')
    plot part using (column('low')):(0.5):(column('low')):(column('low') + column('share')):(0):(1):(column('color')) with boxxyerror lc rgb variable, \
        part using (column('named') == 1 ? column('low') + column('share') / 2 : NaN):(0.5):(stringcolumn('name')) with labels center font font(0.8) tc rgb (INK)
}
unset multiplot
set output # a pipe is waited for
