# clients - a bar for each row of view study_clients.
NAME = 'clients'
load 'study.gpi'
ONE = 'client'; MANY = 'clients'; SUBTITLE = 'Clients by the family of their addresses'
VALUE = 'clients'; VALUE_FIELD = 2; LABEL = "stringcolumn('family')"
SECOND = 'data_bytes'; SECOND_FIELD = 4
TOP = '$1'
load 'study_bars.gpi'
