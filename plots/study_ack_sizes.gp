# ack_sizes - how much each ACK and DATA_ACK acknowledged: view study_ack_sizes.
NAME = 'ack_sizes'
load 'study.gpi'
acks = sum(2); data_acks = sum(3)
size(e) = e < 10 ? sprintf('%d B', 2**e) : e < 20 ? sprintf('%d KiB', 2**(e - 10)) : e < 30 ? sprintf('%d MiB', 2**(e - 20)) \
    : sprintf('%d GiB', 2**(e - 30))
half(field, of) = real(ask(sprintf('{ n += $%d; if (2 * n >= %.17g) { print $1; exit } }', field, of)))
# The upper end of the class that holds the median.
end(field, of) = half(field, of) > 0 ? size(int(log(half(field, of)) / log(2) + 1.5)) : size(0)
TITLE = (acks > 0 ? sprintf('Half of %.0f ACKs acknowledge less than %s', acks, end(2, acks)) : '') \
    .(acks > 0 && data_acks > 0 ? '; half' : data_acks > 0 ? 'Half' : '') \
    .(data_acks > 0 ? sprintf(' of %.0f DATA\_ACKs less than %s', data_acks, end(3, data_acks)) : '')
SUBTITLE = 'Bytes newly acknowledged, of all that were acknowledged 20 times or more, by powers of two'
eval CANVAS
set logscale x 2
set yrange [0 : *]
set xtics ()
do for [e = 0 : 40 : 2] { set xtics add (size(e) 2.0**e) }
set format y '%g'
highest = most(2) > most(3) ? most(2) : most(3)
set xlabel 'newly acknowledged, lower end of the class' tc rgb NOTE
set ylabel 'acknowledgements'.grains(highest) tc rgb NOTE offset (png ? 0 : 1), 0
set xrange [ask('&& $1 > 0 { print $1 / 2; exit }') : ask('{ n = $1 } END { print n * 2 }')]
set tmargin at screen 1 - pix(190)
set arrow 3 from screen 0.09, 1 - pix(150) rto screen 0.025, 0 nohead lc rgb COLOR[2] lw 3.5 * px
set label 3 'ACK of TCP' at screen 0.12, 1 - pix(150) tc rgb INK font font(0.9)
set arrow 4 from screen 0.3, 1 - pix(150) rto screen 0.025, 0 nohead lc rgb COLOR[3] lw 1.8 * px
set label 4 'DATA_ACK' at screen 0.33, 1 - pix(150) tc rgb INK font font(0.9) noenhanced
# Class 0 (nothing below 1) has no place on the axis; it is in the CSV.
LOW = '(column("low_bytes") > 0 ? column("low_bytes") : NaN)'
plot CSV using @LOW:(column('acks') / grain(highest)) with linespoints pt 7 ps 0.6 * px lc rgb COLOR[2] lw 3.5 * px, \
    CSV using @LOW:(column('data_acks') / grain(highest)) with linespoints pt 7 ps 0.6 * px lc rgb COLOR[3] lw 1.8 * px
set output # a pipe is waited for
