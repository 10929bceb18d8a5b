# subflows - a bar for each row of view study_subflows, in two parts.
NAME = 'subflows'
load 'study.gpi'
rows = int(ask('{ n++ } END { print n + 0 }')); shown = rows < 30 ? rows : 30
HEIGHT = 320 + 44 * (shown > 3 ? shown : 3)
total = sum(2); several = real(ask('&& $1 > 1 { n += $2 } END { print n + 0 }'))
TITLE = amount(total, 'connection', 'connections').sprintf(': %.3g %% with more than one subflow', 100 * several / (total > 0 ? total : 1))
SUBTITLE = 'Connections by their established subflows'.(shown < rows ? sprintf(', first %d rows of %d', shown, rows) : '')
eval CANVAS
set lmargin at screen 0.16; set tmargin at screen 1 - pix(180)
set label 3 '■' at screen 0.16, 1 - pix(145) tc rgb COLOR[2] font font(0.9)
set label 4 'all between the same two addresses' at screen 0.18, 1 - pix(145) tc rgb INK font font(0.9)
set label 5 '■' at screen 0.55, 1 - pix(145) tc rgb COLOR[3] font font(0.9)
set label 6 'between different addresses' at screen 0.57, 1 - pix(145) tc rgb INK font font(0.9)
set xrange [0 : most(2) * 1.15]; set yrange [shown + 0.5 : 0.5]
tic_font = font(0.85)
set ytics () scale 0 font tic_font textcolor rgb INK
set grid xtics noytics
set format x '%.0f'
if (most(2) < 5) { set xtics 1 }
set xlabel 'connections' tc rgb NOTE
plot CSV every ::0::29 using (0):(column(0) + 1):(0):(column('same_addresses')):(column(0) + 0.7):(column(0) + 1.3):ytic(stringcolumn('subflows').(column('subflows') == 1 ? ' subflow' : ' subflows')) with boxxyerror lc rgb COLOR[2], \
    CSV every ::0::29 using (0):(column(0) + 1):(column('same_addresses')):(column('connections')):(column(0) + 0.7):(column(0) + 1.3) with boxxyerror lc rgb COLOR[3], \
    CSV every ::0::29 using (column('connections')):(column(0) + 1):(sprintf('%.0f', column('connections'))) with labels left offset 0.5, 0 font font(0.8) tc rgb INK
set output # a pipe is waited for
