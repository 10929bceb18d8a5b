# duration - cumulative distribution of the samples of view study_duration.
NAME = 'duration'
load 'study.gpi'
WHAT = 'Duration of the connections'; UNIT = 's'; X_LABEL = 'duration [s]'
LOGARITHMIC = 1; FORMAT_X = '%g'
load 'study_cdf.gpi'
