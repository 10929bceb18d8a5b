/* report.h - the parts of the page of view_report.c.  All of them append HTML to @out and read,
 * besides the database, the temporary tables that view_report.c made:
 *   told       rows of v_diagnosis, and `captures`: how many there are
 *   explained  "table", "column", help: the schema
 *   interest   connection_id, problems (findings of rank 1), data_bytes (both directions), place
 *              (1: most interesting) */
#ifndef MPS_VIEWS_REPORT_H
#define MPS_VIEWS_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>
#include <sqlite3.h>

#include "views/query.h"
#include "views/views.h"

/* report_findings.c: what happened; @n_connections decides how much is told one by one. */
bool mps_report_verdicts(sqlite3 *db, int64_t n_connections, GString *out, GError **error);
/* What a finding's rank means, in a word. */
void mps_report_rank(GString *out, int64_t rank);
bool mps_report_compliance(sqlite3 *db, GString *out, GError **error);

/* report_connection.c: the heading of the list and the row of one connection, which links to its
 * page if it has one; and that page, folded in if there are many, with @figures (HTML). */
void mps_report_list_open(GString *out);
bool mps_report_row(sqlite3 *db, int64_t connection_id, bool has_page, GString *out,
                    GError **error);
bool mps_report_connection(sqlite3 *db, int64_t connection_id, const char *figures,
                           int64_t n_connections, GString *out, GError **error);

/* report_made.c: what the numbers mean; where they come from. */
bool mps_report_definitions(sqlite3 *db, GString *out, GError **error);
bool mps_report_made(sqlite3 *db, const MpsReportRequest *request, GString *out, GError **error);

#endif
