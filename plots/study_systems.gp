# systems - a bar for each row of view study_systems.
NAME = 'systems'
load 'study.gpi'
ONE = 'client'; MANY = 'clients'; SUBTITLE = 'Clients by autonomous system · '.LOCATIONS
VALUE = 'clients'; VALUE_FIELD = 3; LABEL = "stringcolumn('system').(strlen(stringcolumn('name')) ? ' '.stringcolumn('name') : '')"
SECOND = 'data_bytes'; SECOND_FIELD = 5
if (!LOCATED) TITLE = 'The AS of '.amount(sum(3), 'client', 'clients').' is not known'
TOP = !LOCATED ? '' : '($1 == "not known" ? "in no known AS" : "in " $1 " " $2)'
load 'study_bars.gpi'
