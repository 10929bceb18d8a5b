# open - connections open over time: view study_open.
NAME = 'open'
load 'study.gpi'
most_open = most(2)
TITLE = 'At most '.amount(most_open, 'connection', 'connections').' open at a time'
SUBTITLE = 'Connections between their first and their last packet'
eval CANVAS
span = real(ask('{ n = $1 } END { printf "%.17g", (n > 0 ? n : 1e-9) }'))
k = divisor(span, 's')
set xrange [0 : span / k]; set yrange [0 : most_open * 1.08 / grain(most_open)]
set format y '%g'
if (most_open < 5) { set ytics 1 }
set xlabel 'time since the first connection began ['.divided(k, 's').']' tc rgb NOTE
set ylabel 'open connections'.grains(most_open) tc rgb NOTE offset (png ? 0 : 1), 0
plot CSV using (column('time_s') / k):(column('open_connections') / grain(most_open)) with steps lc rgb COLOR[2] lw 1.4 * px
set output # a pipe is waited for
