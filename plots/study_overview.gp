# overview - the table of view study_overview as it is.
NAME = 'overview'
load 'study.gpi'
rows = int(ask('{ n++ } END { print n + 0 }'))
HEIGHT = 200 + 40 * rows
of(quantity) = real(ask('&& $1 == "'.quantity.'" { print $2; exit }'))
TITLE = amount(of('connections'), 'connection', 'connections').' of '.amount(of('clients'), 'client', 'clients').' carried ' \
    .say(of('data of clients') + of('data of servers'), 'B')
SUBTITLE = 'What was studied'
eval CANVAS
unset border; unset tics; unset grid
set tmargin at screen 1 - pix(130); set bmargin at screen pix(70)
set xrange [0 : 1]; set yrange [rows + 0.5 : 0.5]
set arrow 1 from graph 0, 0 rto graph 0.6, 0 nohead lc rgb GRID lw 1 * px
set arrow 2 from graph 0, 1 rto graph 0.6, 0 nohead lc rgb GRID lw 1 * px
plot CSV using (0):(column(0) + 1):(stringcolumn('quantity')) with labels left font font(0.95) tc rgb INK noenhanced, \
    CSV using (0.6):(column(0) + 1):(say(column('value'), stringcolumn('unit'))) with labels right font font(0.95) tc rgb INK
set output # a pipe is waited for
