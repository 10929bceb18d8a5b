# responses.gp - how long each burst of data waited for its answer, in the colour of the subflow
# that brought it.
load 'style.gpi'

HEIGHT = 900 + widen(0)
eval CANVAS
TITLE = ask("SELECT text FROM finding WHERE figure = 'responses'")
SUBTITLE = 'Last packet of a burst to the first of its answer, coloured by the subflow of the answer · '.ask('SELECT words FROM subject')
eval HEAD
eval SUBFLOWS

set lmargin at screen LEFT; set rmargin at screen RIGHT
set tmargin at screen top(0); set bmargin at screen pix(115)
set xrange [0 : real(ask('SELECT max(high, 1e-6) FROM response_axis'))]
set xlabel 'time since the '.ask('SELECT origin FROM subject').' ['.ask('SELECT name FROM response_axis').']' tc rgb NOTE
least = real(ask('SELECT least FROM response_axis')); most = real(ask('SELECT most FROM response_axis'))
if (most / least > 20) {
    set logscale y
    set yrange [least * 0.7 : most * 1.4]
    axis = 'y'; ratio = most / least; eval LOG_TICS
} else {
    set yrange [0 : most * 1.1]
}
set ylabel 'response delay ['.ask('SELECT delay_name FROM response_axis').']' tc rgb NOTE offset (FORMAT eq 'svg' ? 1 : 0), 0
plot sql('SELECT t, max(delay_ns, 1000) / divisor AS delay, color FROM response JOIN response_axis') using (column('t')):(column('delay')):(column('color')) with points pt 7 ps 0.8 * px lc rgb variable
set output # a pipe is waited for
