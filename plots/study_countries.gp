# countries - a bar for each row of view study_countries.
NAME = 'countries'
load 'study.gpi'
ONE = 'client'; MANY = 'clients'; SUBTITLE = 'Clients by country · '.LOCATIONS
VALUE = 'clients'; VALUE_FIELD = 2; LABEL = "stringcolumn('country')"
SECOND = 'data_bytes'; SECOND_FIELD = 4
if (!LOCATED) TITLE = 'The country of '.amount(sum(2), 'client', 'clients').' is not known'
TOP = !LOCATED ? '' : '($1 == "not known" ? "in no known country" : "in " $1)'
load 'study_bars.gpi'
