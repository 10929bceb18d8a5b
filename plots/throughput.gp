# throughput.gp - payload on the wire per subflow, stacked, and the goodput of the connection.
load 'style.gpi'

HEIGHT = 900 + widen(1)
eval CANVAS
lanes = int(ask('SELECT count(*) FROM lane'))
TITLE = ask("SELECT text FROM finding WHERE figure = 'throughput'")
SUBTITLE = 'Payload on the wire per subflow, stacked · bins of '.ask("SELECT text FROM spoken WHERE name = 'bin'").' · '.ask('SELECT words FROM subject')
eval HEAD
eval SUBFLOWS
entry_text = 'goodput: new data of all subflows'; entry_color = INK; eval LINE_ENTRY

set lmargin at screen LEFT; set rmargin at screen RIGHT
set tmargin at screen top(0); set bmargin at screen pix(115)
set xrange [real(ask('SELECT low FROM time_axis')) : real(ask('SELECT high FROM time_axis'))]
set yrange [0 : *]
set xlabel 'time since the '.ask('SELECT origin FROM subject').' ['.ask('SELECT name FROM time_axis').']' tc rgb NOTE
set ylabel 'throughput ['.ask('SELECT name FROM rate_axis').']' tc rgb NOTE offset (png ? 0 : 1), 0
set grid noxtics ytics
color(i) = int(ask(sprintf('SELECT color FROM lane WHERE lane = %d', i)))

# The full stack first, then what lies below the top subflow, and so on.
plot for [i = lanes : 1 : -1] sql(sprintf('SELECT t, rate FROM step WHERE lane = %d', i)) using (column('t')):(column('rate')) with filledcurves y=0 lc rgb color(i), \
    sql('SELECT t, goodput FROM step WHERE lane = 1') using (column('t')):(column('goodput')) with lines lc rgb INK lw 1.1 * px
