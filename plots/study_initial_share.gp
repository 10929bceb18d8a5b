# initial_share - cumulative distribution of the samples of view study_initial_share.
NAME = 'initial_share'
load 'study.gpi'
WHAT = 'Share of the initial subflow of two'; UNIT = '%'; X_LABEL = 'share of the data of the direction'
LOGARITHMIC = 0; TOTAL = 0
load 'study_cdf.gpi'
