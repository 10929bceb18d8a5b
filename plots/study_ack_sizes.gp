# ack_sizes - how much each ACK and DATA_ACK acknowledged: view study_ack_sizes.
NAME = 'ack_sizes'
load 'study.gpi'
TITLE = ask('{ a += $2; d += $3 } END { printf "%d ACKs and %d DATA\\\\_ACKs", a, d }')
SUBTITLE = 'Bytes newly acknowledged, in classes from one power of two to the next'
eval CANVAS
set logscale x 2
set yrange [0 : *]
set format x '%.0b %BB'
set xlabel 'newly acknowledged [bytes]' tc rgb NOTE
set ylabel 'how often' tc rgb NOTE offset (png ? 0 : 1), 0
set key top right textcolor rgb INK noenhanced
# Class 0 (nothing below 1) has no place on the axis; it is in the CSV.
plot CSV using (column('low_bytes') > 0 ? column('low_bytes') : NaN):(column('acks')) with linespoints pt 7 lc rgb COLOR[2] lw 1.4 * px title 'ACK of TCP', \
    CSV using (column('low_bytes') > 0 ? column('low_bytes') : NaN):(column('data_acks')) with linespoints pt 7 lc rgb COLOR[3] lw 1.4 * px title 'DATA_ACK'
set output # a pipe is waited for
