# unused - a bar for each row of view study_unused.
NAME = 'unused'
load 'study.gpi'
WHAT = 'subflows carried no data'; SUBTITLE = 'Unused subflows by reason and rank of their handshake RTT'; X_LABEL = 'subflows'
VALUE = 'subflows'; VALUE_FIELD = 3; LABEL = "(strlen(stringcolumn('reason')) ? stringcolumn('reason') : 'not visible').', RTT rank '.stringcolumn('rtt_rank')"
TOP = '($1 == "" ? "for no visible reason" : $1)'; RANKED = 1
load 'study_bars.gpi'
