# unused - a bar for each row of view study_unused.
NAME = 'unused'
load 'study.gpi'
ONE = 'subflow carried no data'; MANY = 'subflows carried no data'; SUBTITLE = 'Unused subflows by reason and rank of their handshake RTT'
VALUE = 'subflows'; VALUE_FIELD = 3; LABEL = "(strlen(stringcolumn('reason')) ? stringcolumn('reason') : 'no visible reason').', RTT rank '.(strlen(stringcolumn('rtt_rank')) ? stringcolumn('rtt_rank') : 'not measured')"
TOP = '($1 == "" ? "for no visible reason" : "because " ($1 == "backup" ? "they were backups" : $1 == "late" ? "they came late" : "they were slower")) ($2 == "" ? "" : "; RTT rank " $2)'
load 'study_bars.gpi'
