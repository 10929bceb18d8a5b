# bursts - cumulative distribution of the samples of view study_bursts.
NAME = 'bursts'
load 'study.gpi'
WHAT = 'Size of bursts'; UNIT = 'B'; X_LABEL = 'new data of a burst'
LOGARITHMIC = 1; TOTAL = 1
load 'study_cdf.gpi'
