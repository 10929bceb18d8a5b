# bursts - cumulative distribution of the samples of view study_bursts.
NAME = 'bursts'
load 'study.gpi'
WHAT = 'Size of bursts'; UNIT = 'B'; X_LABEL = 'new data of a burst [bytes]'
LOGARITHMIC = 1; FORMAT_X = '%.0s %cB'
load 'study_cdf.gpi'
