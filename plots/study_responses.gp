# responses - cumulative distribution of the samples of view study_responses.
NAME = 'responses'
load 'study.gpi'
WHAT = 'Delay of answers'; UNIT = 's'; X_LABEL = 'last packet of a burst to the first of its answer'
LOGARITHMIC = 1; TOTAL = 0
load 'study_cdf.gpi'
