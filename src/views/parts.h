/* parts.h - pieces that several views print. */
#ifndef MPS_VIEWS_PARTS_H
#define MPS_VIEWS_PARTS_H

#include <stdbool.h>
#include <stdio.h>

#include <glib.h>

#include "views/query.h"

/* view_list.c: the table of the @n largest connections. */
bool mps_view_list_largest(sqlite3 *db, int64_t n, FILE *out, GError **error);
/* view_list.c: a line about joins to tokens that no connection has, if there are any. */
bool mps_view_list_unknown_joins(sqlite3 *db, FILE *out, GError **error);

/* show_findings.c: a loud word per capture whose packets were cut before the end of their options,
 * or that lacks packets which its host dropped, and an empty line after it; nothing if there is
 * none. */
bool mps_view_capture_findings(sqlite3 *db, FILE *out, GError **error);

/* view_notes.c: lines of a capture: its interfaces, what they lost, comments. */
bool mps_view_notes(sqlite3 *db, int64_t capture_id, FILE *out, GError **error);
/* view_notes.c: names of the hosts of a connection, if captures say any. */
bool mps_view_host_names(sqlite3 *db, int64_t connection_id, FILE *out, GError **error);

/* show_findings.c: what became of a connection, in one paragraph.  Newly allocated; NULL: @error.
 */
char *mps_view_verdict(sqlite3 *db, int64_t connection_id, GError **error);
/* show_findings.c: the row at hand of v_diagnosis, with `captures` (how many there are), as a
 * sentence with its packet.  Newly allocated. */
char *mps_view_finding(MpsQuery *query);

/* view_summary.c: the row of a direction ("c2s", "s2c") of a connection, of NULLs if it has none.
 */
MpsQuery *mps_view_direction(sqlite3 *db, int64_t connection_id, const char *direction);

/* Of more subflows than these, the ones with the most data are told; or of joins to unknown tokens,
 * the first. */
#define MPS_ALL_SUBFLOWS  INT64_C(-1)
#define MPS_SUBFLOWS_TOLD INT64_C(16)
#define MPS_JOINS_TOLD    INT64_C(5)

/* SQL: whether subflow s is one of the ?2 of connection ?1 that are told; 0 stands for the joins to
 * unknown tokens. */
#define MPS_SUBFLOW_IS_TOLD                                                                        \
    "s.subflow_id IN (SELECT x.subflow_id FROM subflow x WHERE x.connection_id IS nullif(?1, 0)"   \
    " ORDER BY (SELECT sum(d.data_bytes) FROM subflow_direction d"                                 \
    " WHERE d.subflow_id = x.subflow_id) DESC, x.ordinal, x.subflow_id LIMIT ?2)"
#define MPS_SUBFLOW_ORDER " ORDER BY s.ordinal, s.subflow_id"

/* view_subflows.c: @limit subflows of a connection, their paths and fates, then their numbers per
 * direction, then what became of the others. */
bool mps_view_subflows(sqlite3 *db, int64_t connection_id, int64_t limit, FILE *out,
                       GError **error);
/* The joins to tokens that no connection has, under a heading, if there are any. */
bool mps_view_unknown_joins(sqlite3 *db, FILE *out, GError **error);

/* view_subflows.c: what is unusual about the subflow of the row at hand: ", backup, unused".  Newly
 * allocated. */
char *mps_view_remarks(MpsQuery *query);

/* view_show.c: whether the database has @connection_id, which may be MPS_ALL_CONNECTIONS;
 * MPS_ERROR_ABSENT if not. */
bool mps_view_check_connection(sqlite3 *db, int64_t connection_id, GError **error);

/* "client -> server" of the row at hand, from its address and port columns.  Newly allocated. */
char *mps_view_path(MpsQuery *query);

#endif
