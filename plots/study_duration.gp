# duration - cumulative distribution of the samples of view study_duration.
NAME = 'duration'
load 'study.gpi'
WHAT = 'Duration of connections'; UNIT = 's'; X_LABEL = 'duration'
LOGARITHMIC = 1; TOTAL = 1; WHICH = 'that speak MPTCP'
load 'study_cdf.gpi'
