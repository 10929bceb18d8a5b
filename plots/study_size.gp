# size - cumulative distribution of the samples of view study_size.
NAME = 'size'
load 'study.gpi'
WHAT = 'Data of connections'; UNIT = 'B'; X_LABEL = 'data of both directions'
LOGARITHMIC = 1; TOTAL = 1; WHICH = 'that speak MPTCP and carry data'
load 'study_cdf.gpi'
