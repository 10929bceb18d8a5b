# addresses - a bar for each row of view study_addresses.
NAME = 'addresses'
load 'study.gpi'
ONE = 'announcement or removal'; MANY = 'announcements and removals'; SUBTITLE = 'Announced (add, echo) and removed addresses, and what became of them'
VALUE = 'addresses'; VALUE_FIELD = 4; LABEL = "stringcolumn('kind').' by '.stringcolumn('sent_by').': '.stringcolumn('outcome')"
TOP = '"" $1 " by " $2 ": " $3'
load 'study_bars.gpi'
