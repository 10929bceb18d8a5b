# ports - a bar for each row of view study_ports.
NAME = 'ports'
load 'study.gpi'
ONE = 'connection'; MANY = 'connections'; SUBTITLE = 'Connections and their data by the port of the server'
VALUE = 'connections'; VALUE_FIELD = 2; LABEL = "'port '.stringcolumn('server_port')"
SECOND = 'data_bytes'; SECOND_FIELD = 3
TOP = '"to port " $1'
load 'study_bars.gpi'
