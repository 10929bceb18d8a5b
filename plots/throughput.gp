# throughput.gp - payload on the wire per subflow, stacked, with what of it was reinjected, and the
# goodput of the connection; below, the data held out of order.
load 'style.gpi'

held = int(ask('SELECT max(held) > 0 FROM held'))
silent = int(ask('SELECT count(*) FROM silence')) > 0
again = int(ask('SELECT sum(reinjected_bytes) > 0 FROM binned'))
HEIGHT = 900 + widen(1 + silent + again) + held * 260
eval CANVAS
lanes = int(ask('SELECT count(*) FROM lane'))
TITLE = ask("SELECT text FROM finding WHERE figure = 'throughput'")
SUBTITLE = 'Payload on the wire per subflow, stacked · bins of '.ask("SELECT text FROM spoken WHERE name = 'bin'") \
    .' · '.ask(held ? 'SELECT words || place FROM subject' : 'SELECT words FROM subject')
eval HEAD
eval SUBFLOWS
entry_text = 'goodput: new data of all subflows'; entry_color = INK; eval LINE_ENTRY
if (again) { entry_text = 'reinjected: the same data on another subflow'; entry_color = RED; eval SUBFLOW_ENTRY }
if (silent) { entry_text = SILENT_TEXT; entry_color = SILENT; eval SUBFLOW_ENTRY }

set lmargin at screen LEFT; set rmargin at screen RIGHT
set tmargin at screen top(0); set bmargin at screen pix(115 + held * 260)
set multiplot
set xrange [real(ask('SELECT low FROM time_axis')) : real(ask('SELECT high FROM time_axis'))]
peak = 1.05 * real(ask('SELECT max(rate) FROM step'))
set yrange [0 : peak > 0 ? peak : 1]
X_LABEL = 'time since the '.ask('SELECT origin FROM subject').' ['.ask('SELECT name FROM time_axis').']'
if (held) { set format x '' } else { set xlabel X_LABEL tc rgb NOTE }
set ylabel 'throughput ['.ask('SELECT name FROM rate_axis').']' tc rgb NOTE offset (FORMAT eq 'svg' ? 1 : 0), 0
set grid noxtics ytics
bands = sql('SELECT t0, t1 FROM silence UNION ALL SELECT low - 1, low - 1 FROM time_axis')

# Read once.  The full stack first, then what lies below the top subflow, and so on.
set table $STEPS
plot sql('SELECT lane, t, rate, goodput, again FROM step') using (column('lane')):(column('t')):(column('rate')):(column('goodput')):(column('again')) with table
unset table
set table $BANDS
plot bands using (column('t0')):(column('t1')) with table
unset table
if (held) {
    set table $HELD
    plot sql('SELECT t, held FROM held') using (column('t')):(column('held')) with table
    unset table
}
set datafile separator whitespace
unset datafile columnheaders
plot $BANDS using 1:(0):1:2:(0):(2 * peak + 1) with boxxyerror lc rgb SILENT, \
    for [i = 2 * lanes : 1 : again ? -1 : -2] $STEPS using ($1 == (i + 1) / 2 ? $2 : NaN):(i % 2 ? $5 : $3) with filledcurves y=0 lc rgb (i % 2 ? int(0xB00020) : color(i / 2)), \
    $STEPS using ($1 == 1 ? $2 : NaN):4 with lines lc rgb INK lw 1.1 * px

if (held) {
    do for [i = 1 : 200] { unset label i; unset object i; unset arrow i }
    set tmargin at screen pix(335); set bmargin at screen pix(115)
    set format x '%g'
    set xlabel X_LABEL tc rgb NOTE
    set ylabel 'out of order ['.ask('SELECT name FROM held_axis').']' tc rgb NOTE offset (FORMAT eq 'svg' ? 1 : 0), 0
    top_held = 1.05 * real(ask('SELECT max(held) FROM held'))
    set yrange [0 : top_held]
    tic_font = font(0.8)
    set ytics autofreq font tic_font
    plot $BANDS using 1:(0):1:2:(0):(top_held) with boxxyerror lc rgb SILENT, \
        $HELD using 1:2 with filledcurves y=0 lc rgb '#8E7CC3'
}
unset multiplot
set output # a pipe is waited for
