# clients - a bar for each row of view study_clients.
NAME = 'clients'
load 'study.gpi'
WHAT = 'clients'; SUBTITLE = 'Clients by the family of their addresses'; X_LABEL = 'clients'
VALUE = 'clients'; VALUE_FIELD = 2; LABEL = "stringcolumn('family')"
TOP = '$1'; RANKED = 0
load 'study_bars.gpi'
