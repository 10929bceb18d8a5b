# switching - cumulative distribution of the samples of view study_switching.
NAME = 'switching'
load 'study.gpi'
WHAT = 'Data in a row on one subflow'; UNIT = 'B'; X_LABEL = 'data of the direction for each time that it was on one subflow, mean'
LOGARITHMIC = 1; TOTAL = 0
load 'study_cdf.gpi'
