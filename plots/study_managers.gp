# managers - a bar for each row of view study_managers.
NAME = 'managers'
load 'study.gpi'
WHAT = 'verdicts'; SUBTITLE = 'Path managers and schedulers as inferred'; X_LABEL = 'connections'
VALUE = 'connections'; VALUE_FIELD = 3; LABEL = "stringcolumn('what').': '.stringcolumn('name')"
TOP = '$2'; RANKED = 0
load 'study_bars.gpi'
