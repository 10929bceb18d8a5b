# repeated - cumulative distribution of the samples of view study_repeated.
NAME = 'repeated'
load 'study.gpi'
WHAT = 'Data sent again'; UNIT = '%'; X_LABEL = 'part of the data of the direction'
LOGARITHMIC = 1; TOTAL = 0
load 'study_cdf.gpi'
