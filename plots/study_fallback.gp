# fallback - a bar for each row of view study_fallback.
NAME = 'fallback'
load 'study.gpi'
WHAT = 'connections fell back'; SUBTITLE = 'Fallbacks by cause, server port and side of the first sign'; X_LABEL = 'connections'
VALUE = 'connections'; VALUE_FIELD = 4; LABEL = "stringcolumn('cause').', port '.stringcolumn('server_port').', '.stringcolumn('side')"
TOP = '"by " $1'; RANKED = 1
load 'study_bars.gpi'
