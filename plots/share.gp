# share.gp - which subflow carried how much of the data first.
load 'style.gpi'

lanes = int(ask('SELECT count(*) FROM bar'))
shown = lanes < 40 ? lanes : 40
longest = int(ask(sprintf('SELECT max(length(path)) FROM bar WHERE lane <= %d', shown)))
above = longest > 70 # long names stand above their bars
row_pixels = shown <= 6 ? 70 : shown <= 16 || above ? 46 : 28
HEIGHT = 240 + row_pixels * (shown > 2 ? shown : 2)
eval CANVAS
TITLE = ask("SELECT text FROM finding WHERE figure = 'share'")
SUBTITLE = 'Share of the data by the subflow that sent it first · '.ask('SELECT words FROM subject') \
    .(shown < lanes ? sprintf(' · %d subflows of %d', shown, lanes) : '')
eval HEAD

label_scale = row_pixels < 40 || above ? 0.75 : 0.9
begin = above ? LEFT : 0.035 + longest * 0.0066 * label_scale
set lmargin at screen begin; set rmargin at screen RIGHT
set tmargin at screen 1 - pix(125); set bmargin at screen pix(105)
# Words of at most 42 letters, the red ones behind the first 20, stand right of the bars, or inside of
# those that leave no room.
letter = 0.0066 * label_scale / (RIGHT - begin)
most = real(ask(sprintf('SELECT max(percent) FROM bar WHERE lane <= %d', shown)))
full = most <= 40 * (1 - 42 * letter) ? 40 : most <= 75 * (1 - 42 * letter) ? 75 : 100
inside = full * (1 - 42 * letter)
room = full * 20 * letter
set xrange [0 : full]; set yrange [shown + 0.5 : 0.5]
set xtics 0, full > 50 ? 25 : 10 format '%g %%'
set xlabel 'share of the data' tc rgb NOTE
tic_font = font(label_scale)
set ytics () scale 0 font tic_font textcolor rgb INK
set grid xtics noytics
# Each ends with a row left of the picture: a query without rows would be a warning.
rows(text, condition) = sql('SELECT percent, lane, '.text.' AS text FROM bar WHERE ' \
    .sprintf('lane <= %d AND ', shown).condition." UNION ALL SELECT -99, 1, '-'")
bar_top = above ? 0.02 : -0.3; bar_end = above ? 0.42 : 0.3; middle = (bar_top + bar_end) / 2
bars = sql('SELECT percent, lane, color, path, '.(above ? 'char(160)' : 'path') \
    .sprintf(' AS tic FROM bar WHERE lane <= %d', shown))
plot bars using (column('percent')):(column('lane')):(0):(column('percent')):(column('lane') + bar_top):(column('lane') + bar_end):(column('color')):ytic(stringcolumn('tic')) with boxxyerror lc rgb variable, \
    for [i = 1 : above] bars using (0):(column('lane') - 0.2):(stringcolumn('path')) with labels left font font(label_scale) tc rgb INK noenhanced, \
    rows('text', sprintf('percent <= %f', inside)) using (column('percent') + 0.008 * full):(column('lane') + middle):(stringcolumn('text')) with labels left font font(label_scale) tc rgb INK, \
    rows('again', sprintf("percent <= %f AND again <> ''", inside)) using (column('percent') + room):(column('lane') + middle):(stringcolumn('text')) with labels left font font(label_scale) tc rgb RED, \
    rows('text || again', sprintf('percent > %f', inside)) using (column('percent') - 0.008 * full):(column('lane') + middle):(stringcolumn('text')) with labels right font font(label_scale) tc rgb '#FFFFFF'
set output # a pipe is waited for
