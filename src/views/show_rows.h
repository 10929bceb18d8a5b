/* show_rows.h - the parts of `show` that come from row tables. */
#ifndef MPS_VIEWS_SHOW_ROWS_H
#define MPS_VIEWS_SHOW_ROWS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <glib.h>
#include <sqlite3.h>

/* Who reinjected whose data, summed up; then the first reinjections one by one. */
bool mps_show_reinjections(sqlite3 *db, int64_t connection_id, int64_t start_ns, FILE *out,
                           GError **error);
/* Announced and removed addresses, and what came of them. */
bool mps_show_addresses(sqlite3 *db, int64_t connection_id, int64_t start_ns, FILE *out,
                        GError **error);
/* When no DATA_ACK came though data was outstanding, and why. */
bool mps_show_stalls(sqlite3 *db, int64_t connection_id, int64_t start_ns, FILE *out,
                     GError **error);
/* What each subflow has to do with data out of order, and how long data waited for it. */
bool mps_show_head_of_line(sqlite3 *db, int64_t connection_id, FILE *out, GError **error);
/* Options that no decoder knows: how often each was sent, and its values. */
bool mps_show_options(sqlite3 *db, int64_t connection_id, int64_t start_ns, FILE *out,
                      GError **error);
/* The timeline, each event with its packet. */
bool mps_show_events(sqlite3 *db, int64_t connection_id, int64_t start_ns, FILE *out,
                     GError **error);

#endif
