# open - connections open over time: view study_open.
NAME = 'open'
load 'study.gpi'
TITLE = ask('{ if ($2 > most) most = $2 } END { printf "At most %d connection%s open at a time", most, (most == 1 ? "" : "s") }')
SUBTITLE = 'Connections between their first and their last packet'
eval CANVAS
set xrange [0 : *]; set yrange [0 : *]
set xlabel 'time since the first connection [s]' tc rgb NOTE
set ylabel 'open connections' tc rgb NOTE offset (png ? 0 : 1), 0
plot CSV using (column('time_s')):(column('open_connections')) with steps lc rgb COLOR[2] lw 1.4 * px
set output # a pipe is waited for
