# rtt_spread - cumulative distribution of the samples of view study_rtt_spread.
NAME = 'rtt_spread'
load 'study.gpi'
WHAT = 'RTT spread from 100 kB on'; UNIT = 's'; X_LABEL = 'difference of mean RTTs [s]'
LOGARITHMIC = 1; FORMAT_X = '%g'
load 'study_cdf.gpi'
