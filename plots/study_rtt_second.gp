# rtt_second - a bar for each row of view study_rtt_second.
NAME = 'rtt_second'
load 'study.gpi'
ONE = 'direction of 100 kB or more'; MANY = 'directions of 100 kB or more'; SUBTITLE = 'Second best mean RTT of the subflows less the best'
VALUE = 'directions'; VALUE_FIELD = 2; LABEL = "stringcolumn('difference')"
TOP = '"differ by " $1'
load 'study_bars.gpi'
