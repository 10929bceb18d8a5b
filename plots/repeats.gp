# repeats.gp - what was sent again and why: a line per class of reinjection and retransmission.
load 'style.gpi'

fillers = int(ask('SELECT count(*) FROM repeat WHERE filler')) > 0
rows = int(ask('SELECT count(*) FROM repeat_class'))
HEIGHT = 400 + widen(1) + 34 * ((int(ask('SELECT count(*) FROM legend')) + 1) / 2) + 64 * (rows > 2 ? rows : 2)
eval CANVAS
TITLE = ask("SELECT text FROM finding WHERE figure = 'repeats'")
SUBTITLE = 'What was sent again, by class'.ask("SELECT iif(count(*) < sum(stands_for), printf(' (%d packets in %d marks)', sum(stands_for), count(*)), '') FROM repeat_drawn") \
    .' · '.ask('SELECT words FROM subject')
eval HEAD
eval SUBFLOWS
entry_text = 'retransmission on the same subflow'.(fillers ? ', or filling a hole' : ''); entry_color = NOTE; entry_mark = 2; eval MARK_ENTRY
entry_text = 'reinjection on another subflow'; entry_color = RED; entry_mark = 6; eval MARK_ENTRY

set lmargin at screen 0.25; set rmargin at screen fillers ? 0.74 : 0.82
set tmargin at screen top(0); set bmargin at screen pix(110)
t_high = real(ask('SELECT max(high, (SELECT max(t) FROM repeat_drawn)) FROM time_axis'))
set xrange [real(ask('SELECT min(low, (SELECT min(t) FROM repeat_drawn)) FROM time_axis')) : t_high]
set xlabel 'time since the '.ask('SELECT origin FROM subject').' ['.ask('SELECT name FROM time_axis').']' tc rgb NOTE
set yrange [rows + 0.5 : 0.5]
tic_font = font(0.85)
set ytics () scale 0 font tic_font textcolor rgb INK
set grid xtics noytics
marks(family) = sql('SELECT t, y, color FROM repeat_drawn WHERE '.sprintf('family = %d ', family) \
    .'UNION ALL SELECT low - 1 - abs(low), 1, 0 FROM time_axis')
classes = sql('SELECT row, class, text FROM repeat_class')
plot marks(2) using (column('t')):(column('y')):(column('color')) with points pt 2 ps 0.6 * px lc rgb variable, \
    marks(1) using (column('t')):(column('y')):(column('color')) with points pt 7 ps 0.35 * px lc rgb variable, \
    marks(1) using (column('t')):(column('y')) with points pt 6 ps 0.7 * px lc rgb RED, \
    classes using (t_high):(column('row')):(stringcolumn('text')):ytic(stringcolumn('class')) with labels left offset 1, 0 font font(0.8) tc rgb INK
set output # a pipe is waited for
