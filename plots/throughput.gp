# throughput.gp - payload on the wire per subflow, stacked, and the goodput of the connection; below,
# the data held out of order.
load 'style.gpi'

held = int(ask('SELECT max(held) > 0 FROM held'))
HEIGHT = 900 + widen(1) + held * 260
eval CANVAS
lanes = int(ask('SELECT count(*) FROM lane'))
TITLE = ask("SELECT text FROM finding WHERE figure = 'throughput'")
SUBTITLE = 'Payload on the wire per subflow, stacked · bins of '.ask("SELECT text FROM spoken WHERE name = 'bin'").' · '.ask('SELECT words FROM subject')
eval HEAD
eval SUBFLOWS
entry_text = 'goodput: new data of all subflows'; entry_color = INK; eval LINE_ENTRY

set lmargin at screen LEFT; set rmargin at screen RIGHT
set tmargin at screen top(0); set bmargin at screen pix(115 + held * 260)
set multiplot
set xrange [real(ask('SELECT low FROM time_axis')) : real(ask('SELECT high FROM time_axis'))]
set yrange [0 : *]
X_LABEL = 'time since the '.ask('SELECT origin FROM subject').' ['.ask('SELECT name FROM time_axis').']'
if (held) { set format x '' } else { set xlabel X_LABEL tc rgb NOTE }
set ylabel 'throughput ['.ask('SELECT name FROM rate_axis').']' tc rgb NOTE offset (png ? 0 : 1), 0
set grid noxtics ytics
if (held) { set format x '' } else { set xlabel X_LABEL tc rgb NOTE }
set ylabel 'throughput ['.ask('SELECT name FROM rate_axis').']' tc rgb NOTE offset (png ? 0 : 1), 0
set grid noxtics ytics

# Read once.  The full stack first, then what lies below the top subflow, and so on.
set table $STEPS
plot sql('SELECT lane, t, rate, goodput FROM step') using (column('lane')):(column('t')):(column('rate')):(column('goodput')) with table
unset table
set datafile separator whitespace
unset datafile columnheaders
plot for [i = lanes : 1 : -1] $STEPS using ($1 == i ? $2 : NaN):3 with filledcurves y=0 lc rgb color(i), \
    $STEPS using ($1 == 1 ? $2 : NaN):4 with lines lc rgb INK lw 1.1 * px
set datafile separator tab
set datafile columnheaders

if (held) { set format x '' } else { set xlabel X_LABEL tc rgb NOTE }
set ylabel 'throughput ['.ask('SELECT name FROM rate_axis').']' tc rgb NOTE offset (png ? 0 : 1), 0
set grid noxtics ytics



if (held) {
    do for [i = 1 : 200] { unset label i; unset object i; unset arrow i }
    set tmargin at screen pix(335); set bmargin at screen pix(115)
    set format x '%g'
    set xlabel X_LABEL tc rgb NOTE
    set ylabel 'out of order ['.ask('SELECT name FROM held_axis').']' tc rgb NOTE offset (png ? 0 : 1), 0
    tic_font = font(0.8)
    set ytics autofreq font tic_font
    plot sql('SELECT t, held FROM held') using (column('t')):(column('held')) with filledcurves y=0 lc rgb '#5F6368'
}
unset multiplot
set output # a pipe is waited for
