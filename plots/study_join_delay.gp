# join_delay - cumulative distribution of the samples of view study_join_delay.
NAME = 'join_delay'
load 'study.gpi'
WHAT = 'Delay of joins'; UNIT = 's'; X_LABEL = 'establishment after the first SYN of the connection'
LOGARITHMIC = 1; TOTAL = 1
load 'study_cdf.gpi'
