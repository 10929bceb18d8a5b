/* check_reports.h - the findings that a check selected, as people and programs read them. */
#ifndef MPS_VIEWS_CHECK_REPORTS_H
#define MPS_VIEWS_CHECK_REPORTS_H

#include "views/check.h"

/* All of them read the temporary views that mps_view_check() made:
 *   checked  the selected findings with the columns of finding, `judged` (the verdict of the
 *            profile), `fails` (0 or 1), title, level, number and section of the rule ("RFC 8684
 *            section 3.1"), ordinal and path of the subflow, where (packet in words)
 *   subject  the connections that were checked: connection_id, name */
bool mps_check_text(sqlite3 *db, const MpsCheckRequest *request, FILE *out, GError **error);
bool mps_check_json(sqlite3 *db, FILE *out, GError **error);
bool mps_check_tap(sqlite3 *db, FILE *out, GError **error);
bool mps_check_junit(sqlite3 *db, FILE *out, GError **error);
bool mps_check_sarif(sqlite3 *db, FILE *out, GError **error);

#endif
