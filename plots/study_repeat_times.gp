# repeat_times - cumulative distribution of the samples of view study_repeat_times.
NAME = 'repeat_times'
load 'study.gpi'
WHAT = 'Times of what was sent again'; UNIT = '%'; X_LABEL = 'time since the first SYN [% of the duration]'
LOGARITHMIC = 0; FORMAT_X = '%g'
load 'study_cdf.gpi'
