# addresses - a bar for each row of view study_addresses.
NAME = 'addresses'
load 'study.gpi'
WHAT = 'addresses'; SUBTITLE = 'Announced (add) and removed addresses by outcome'; X_LABEL = 'addresses'
VALUE = 'addresses'; VALUE_FIELD = 4; LABEL = "stringcolumn('kind').' by '.stringcolumn('sent_by').': '.stringcolumn('outcome')"
TOP = '$1'; RANKED = 0
load 'study_bars.gpi'
