/* charts.h - small charts of Unicode block elements, for terminals. */
#ifndef MPS_VIEWS_CHARTS_H
#define MPS_VIEWS_CHARTS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <glib.h>
#include <sqlite3.h>

/* A bar of at most @width columns, to an eighth of a column; nothing is empty, the least is not.
 * Newly allocated. */
char *mps_chart_bar(double share, unsigned width);
/* A column per value, as high as its part of @most; 0 is a space, the least is not.  Newly
 * allocated. */
char *mps_chart_line(const double *values, unsigned n, double most);

/* The share and the rate over time of @limit subflows (MPS_ALL_SUBFLOWS: all) of each direction,
 * under a heading; nothing of a direction without data. */
bool mps_charts_of_connection(sqlite3 *db, int64_t connection_id, int64_t limit, FILE *out,
                              GError **error);
/* The rate of a connection over time, both directions together.  Newly allocated; empty: too little
 * is known; NULL: @error. */
char *mps_chart_of_rate(sqlite3 *db, int64_t connection_id, int64_t start_ns, int64_t end_ns,
                        GError **error);

#endif
