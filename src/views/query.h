/* query.h - one prepared statement, read by column name.  The first failure sticks: a view binds,
 * reads to the end, and asks once with mps_query_finish(). */
#ifndef MPS_VIEWS_QUERY_H
#define MPS_VIEWS_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>
#include <sqlite3.h>

#include "util/format.h"

typedef struct {
    sqlite3 *db;
    sqlite3_stmt *statement; /* NULL if @sql could not be prepared */
    int status;              /* of the last step: SQLITE_ROW, SQLITE_DONE or an error */
    GPtrArray *printable;    /* texts of the row at hand that had to be made so; NULL: none */
} MpsQuery;

/* Never fails by itself; an SQL error shows in mps_query_finish(). */
MpsQuery *mps_query_new(sqlite3 *db, const char *sql);
void mps_query_free(MpsQuery *self); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpsQuery, mps_query_free)

/* Parameters count from 1. */
void mps_query_bind_int(MpsQuery *self, int parameter, int64_t value);
void mps_query_bind_text(MpsQuery *self, int parameter, const char *value);

/* True if there is a (further) row. */
bool mps_query_next(MpsQuery *self);
/* False, with MPS_ERROR_STORE, if anything went wrong since mps_query_new(). */
bool mps_query_finish(MpsQuery *self, GError **error);

/* Values of the row at hand.  Unknown values read as 0 and "".  Text is borrowed until the next
 * call of mps_query_next(), and fit for a terminal whoever wrote the database; what may come from
 * outside, as names of files, goes through mps_format_printable(), which leaves no line ends
 * either. Raw text is as it is stored. */
bool mps_query_known(MpsQuery *self, const char *column);
int64_t mps_query_int(MpsQuery *self, const char *column);
double mps_query_real(MpsQuery *self, const char *column);
const char *mps_query_text(MpsQuery *self, const char *column);
const char *mps_query_raw(MpsQuery *self, const char *column);

/* The same for people; an unknown value is "-". */
MpsShort mps_query_bytes(MpsQuery *self, const char *column);
MpsShort mps_query_duration(MpsQuery *self, const char *column);
MpsShort mps_query_rate(MpsQuery *self, const char *column);
MpsShort mps_query_percent(MpsQuery *self, const char *column);
MpsShort mps_query_token(MpsQuery *self, const char *column);
/* Endpoint of the columns "<side>_addr" and "<side>_port". */
MpsShort mps_query_endpoint(MpsQuery *self, const char *side);

/* The one integer that @sql, which may have one parameter, yields; 0 if it yields no row. */
bool mps_query_single(sqlite3 *db, const char *sql, int64_t parameter, int64_t *out,
                      GError **error);

#endif
