/* database.h - opening a finished database, for views. */
#ifndef MPS_STORE_DATABASE_H
#define MPS_STORE_DATABASE_H

#include <glib.h>
#include <sqlite3.h>
#include <stdbool.h>

#include <mptcpscope/error.h>

#define MPS_APPLICATION_ID 0x6d707473 /* "mpts" */
#define MPS_SCHEMA_VERSION 3

/* Whether the file starts like an SQLite database.  False if it cannot be read. */
bool mps_database_probe(const char *path);

/* Why it is not a database of this program, of any schema version, or cannot be told to be one, as
 * when it is locked; static.  NULL: it is. */
const char *mps_database_problem(const char *path);

/* The same of one that is open. */
const char *mps_database_problem_of(sqlite3 *db);

/* Opens @path for reading.  Returns a handle owned by the caller (sqlite3_close), or NULL and
 * MPS_ERROR_OPEN: not ours, other schema version, unreadable. */
sqlite3 *mps_database_open(const char *path, GError **error);

#endif
