# ports - a bar for each row of view study_ports.
NAME = 'ports'
load 'study.gpi'
WHAT = 'connections'; SUBTITLE = 'Connections by the port of the server'; X_LABEL = 'connections'
VALUE = 'connections'; VALUE_FIELD = 2; LABEL = "'port '.stringcolumn('server_port')"
TOP = '"to port " $1'; RANKED = 1
load 'study_bars.gpi'
