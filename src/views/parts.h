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

/* view_subflows.c: the subflows of a connection, their paths and fates, then their numbers per
 * direction; @connection_id 0 stands for the joins to unknown tokens. */
bool mps_view_subflows(sqlite3 *db, int64_t connection_id, FILE *out, GError **error);

/* "client -> server" of the row at hand, from its address and port columns.  Newly allocated. */
char *mps_view_path(MpsQuery *query);

#endif
