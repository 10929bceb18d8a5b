# boxes.gp - RTTs as boxes: of each subflow by segments and by time stamps, of the data.
load 'style.gpi'

boxes = int(ask('SELECT count(*) FROM box'))
row_pixels = boxes <= 8 ? 60 : boxes <= 20 ? 40 : 22
HEIGHT = 260 + row_pixels * (boxes > 2 ? boxes : 2)
eval CANVAS
TITLE = ask("SELECT text FROM finding WHERE figure = 'boxes'")
SUBTITLE = 'RTT: line minimum to 95 %, thick 50 to 90 %, dot and number: median · '.ask('SELECT words || place FROM subject')
eval HEAD

scale = row_pixels < 30 ? 0.65 : 0.85
longest = int(ask('SELECT max(length(name)) FROM box'))
set lmargin at screen 0.035 + longest * 0.0066 * scale; set rmargin at screen 0.82
set tmargin at screen 1 - pix(125); set bmargin at screen pix(105)
least = real(ask('SELECT min(low) FROM box_drawn')); most = real(ask('SELECT max(high) FROM box_drawn'))
logarithmic = int(ask('SELECT logarithmic FROM box_axis'))
far = most * (logarithmic ? 1.25 : 1.1)
if (logarithmic) {
    set logscale x
    set xrange [least * 0.8 : far]
    tic_name(ms) = ms < 1 ? sprintf('"%g µs"', ms * 1e3) : ms < 1e3 ? sprintf('"%g ms"', ms) : sprintf('"%g s"', ms / 1e3)
    axis = 'x'; ratio = most / least; eval LOG_TICS
} else {
    set xrange [0 : far]
}
set xlabel logarithmic ? 'RTT' : 'RTT ['.ask('SELECT name FROM box_axis').']' tc rgb NOTE
set yrange [boxes + 0.5 : 0.5]
tic_font = font(scale)
set ytics () scale 0 font tic_font textcolor rgb INK
set grid xtics noytics
rows = sql('SELECT * FROM box_drawn')
plot rows using (column('low')):(column('row')):(column('high') - column('low')):(0):(column('color')):ytic(stringcolumn('name')) with vectors nohead lc rgb variable lw 1.2 * px, \
    rows using (column('median')):(column('row')):(column('p90') - column('median')):(0):(column('color')) with vectors nohead lc rgb variable lw (row_pixels < 30 ? 4 : 9) * px, \
    rows using (column('median')):(column('row')):(column('color')) with points pt 7 ps (row_pixels < 30 ? 0.5 : 0.9) * px lc rgb variable, \
    rows using (column('median')):(column('row')) with points pt 7 ps (row_pixels < 30 ? 0.2 : 0.4) * px lc rgb '#FFFFFF', \
    rows using (far):(column('row')):(stringcolumn('text')) with labels left offset 1, 0 font font(scale) tc rgb INK
set output # a pipe is waited for
