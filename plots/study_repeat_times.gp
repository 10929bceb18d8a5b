# repeat_times - cumulative distribution of the samples of view study_repeat_times.
NAME = 'repeat_times'
load 'study.gpi'
WHAT = 'Times of what was sent again'; UNIT = '%'; X_LABEL = 'time since the first SYN, part of the duration of the connection'
LOGARITHMIC = 0; TOTAL = 0
load 'study_cdf.gpi'
