# rtt_spread - cumulative distribution of the samples of view study_rtt_spread.
NAME = 'rtt_spread'
load 'study.gpi'
WHAT = 'RTT spread of directions of 100 kB or more'; UNIT = 's'; X_LABEL = 'difference of the mean RTTs of subflows'
LOGARITHMIC = 1; TOTAL = 0
load 'study_cdf.gpi'
