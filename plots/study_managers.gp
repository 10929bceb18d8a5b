# managers - a bar for each row of view study_managers.
NAME = 'managers'
load 'study.gpi'
inferred(what) = real(ask('&& $1 == "'.what.'" && $2 != "not visible" { n += $3 } END { print n + 0 }'))
TITLE = amount(sum(3) / 2, 'MPTCP connection', 'MPTCP connections') \
    .sprintf(': path manager of %.0f, scheduler of %.0f', inferred('path manager'), inferred('scheduler'))
SUBTITLE = 'Path managers and schedulers as inferred from the packets'
VALUE = 'connections'; VALUE_FIELD = 3; LABEL = "stringcolumn('what').': '.stringcolumn('name')"
TOP = ''
load 'study_bars.gpi'
