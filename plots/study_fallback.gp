# fallback - a bar for each row of view study_fallback.
NAME = 'fallback'
load 'study.gpi'
ONE = 'connection fell back'; MANY = 'connections fell back'; SUBTITLE = 'Fallbacks by cause, server port and side of the first sign'
VALUE = 'connections'; VALUE_FIELD = 4; LABEL = "stringcolumn('cause').', port '.stringcolumn('server_port').', '.stringcolumn('side')"
TOP = '"by " $1 " at port " $2'
load 'study_bars.gpi'
