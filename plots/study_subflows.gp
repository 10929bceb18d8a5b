# subflows - a bar for each row of view study_subflows.
NAME = 'subflows'
load 'study.gpi'
WHAT = 'connections'; SUBTITLE = 'Connections by their established subflows'; X_LABEL = 'connections'
VALUE = 'connections'; VALUE_FIELD = 2; LABEL = "stringcolumn('subflows').' subflows, different addresses: '.stringcolumn('different_addresses')"
TOP = '$1'; RANKED = 0
load 'study_bars.gpi'
