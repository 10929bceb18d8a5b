# size - cumulative distribution of the samples of view study_size.
NAME = 'size'
load 'study.gpi'
WHAT = 'Data of the connections'; UNIT = 'B'; X_LABEL = 'data of both directions [bytes]'
LOGARITHMIC = 1; FORMAT_X = '%.0s %cB'
load 'study_cdf.gpi'
