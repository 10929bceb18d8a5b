# usage.gp - which subflow sent which part of the new data, over time.
load 'style.gpi'

HEIGHT = 900 + widen(0)
eval CANVAS
lanes = int(ask('SELECT count(*) FROM lane'))
TITLE = ask("SELECT text FROM finding WHERE figure = 'usage'")
SUBTITLE = 'Share of the new data over time · bins of '.ask("SELECT text FROM spoken WHERE name = 'bin'").' · '.ask('SELECT words FROM subject')
eval HEAD
eval SUBFLOWS

set lmargin at screen LEFT; set rmargin at screen RIGHT
set tmargin at screen top(0); set bmargin at screen pix(115)
set xrange [real(ask('SELECT low FROM time_axis')) : real(ask('SELECT high FROM time_axis'))]
set yrange [0 : 100]
set ytics 0, 25 format '%g %%'
set xlabel 'time since the '.ask('SELECT origin FROM subject').' ['.ask('SELECT name FROM time_axis').']' tc rgb NOTE
set ylabel 'share of the new data' tc rgb NOTE offset (FORMAT eq 'svg' ? 1 : 0), 0
set grid noxtics ytics
# Read once.  The full stack first, then what lies below the top subflow, and so on.
set table $STEPS
plot sql('SELECT lane, t, ifnull(percent, 0) AS percent FROM usage') using (column('lane')):(column('t')):(column('percent')) with table
unset table
set datafile separator whitespace
unset datafile columnheaders
plot for [i = lanes : 1 : -1] $STEPS using ($1 == i ? $2 : NaN):3 with filledcurves y=0 lc rgb color(i)
set output # a pipe is waited for
