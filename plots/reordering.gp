# reordering.gp - data held out of order over time; below, for which subflow it waited.
load 'style.gpi'

rows = int(ask('SELECT count(*) FROM waited'))
row_pixels = rows <= 8 ? 48 : 24
HEIGHT = 790 + row_pixels * (rows > 2 ? rows : 2)
eval CANVAS
TITLE = ask("SELECT text FROM finding WHERE figure = 'reordering'")
SUBTITLE = 'Most data held out of order in each bin; below, waits by the subflow whose data was missing · '.ask('SELECT words || place FROM subject')
eval HEAD

split = pix(row_pixels * (rows > 2 ? rows : 2) + 250)
set multiplot
set lmargin at screen LEFT; set rmargin at screen RIGHT
set tmargin at screen 1 - pix(125); set bmargin at screen split
set xrange [real(ask('SELECT low FROM time_axis')) : real(ask('SELECT high FROM time_axis'))]
set yrange [0 : *]
set xlabel 'time since the '.ask('SELECT origin FROM subject').' ['.ask('SELECT name FROM time_axis').']' tc rgb NOTE
set ylabel 'out of order ['.ask('SELECT name FROM held_axis').']' tc rgb NOTE offset (FORMAT eq 'svg' ? 1 : 0), 0
set grid noxtics ytics
plot sql('SELECT t, held FROM held') using (column('t')):(column('held')) with filledcurves y=0 lc rgb '#8E7CC3'

do for [i = 1 : 2] { unset label i }
scale = row_pixels < 30 ? 0.65 : 0.85
set lmargin at screen 0.2; set rmargin at screen 0.72
set tmargin at screen split - pix(120); set bmargin at screen pix(105)
most = real(ask('SELECT max(max(wait_ms), 1e-6) FROM waited'))
set xrange [0 : most]
set xlabel 'time that data was held for data of this subflow [ms]' tc rgb NOTE
unset ylabel
set yrange [(rows > 0 ? rows : 1) + 0.5 : 0.5]
tic_font = font(scale)
set ytics () scale 0 font tic_font textcolor rgb INK
set grid xtics noytics
bars = sql("SELECT row, name, color, wait_ms, text FROM waited UNION ALL SELECT -9, '-', 0, 0, '-'")
plot bars using (0):(column('row')):(0):(column('wait_ms')):(column('row') - 0.3):(column('row') + 0.3):(column('color')):ytic(stringcolumn('name')) with boxxyerror lc rgb variable, \
    bars using (most):(column('row')):(stringcolumn('text')) with labels left offset 1, 0 font font(scale) tc rgb INK
unset multiplot
set output # a pipe is waited for
