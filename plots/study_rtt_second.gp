# rtt_second - a bar for each row of view study_rtt_second.
NAME = 'rtt_second'
load 'study.gpi'
WHAT = 'directions of 100 kB or more'; SUBTITLE = 'Second best mean RTT - best'; X_LABEL = 'directions'
VALUE = 'directions'; VALUE_FIELD = 2; LABEL = "stringcolumn('difference')"
TOP = '$1'; RANKED = 0
load 'study_bars.gpi'
