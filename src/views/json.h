/* json.h - rows of the database as JSON objects.  Values are quoted by SQLite's own JSON functions;
 * there is no JSON library.  Integers are printed as they are, 64 bits wide. */
#ifndef MPS_VIEWS_JSON_H
#define MPS_VIEWS_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <glib.h>
#include <sqlite3.h>

/* The row at hand of @statement, without the closing brace: {"a":1,"b":"x".  A column called
 * `detail` holds JSON and is nested; a NULL is null. */
bool mps_json_open_row(sqlite3 *db, sqlite3_stmt *statement, FILE *out, GError **error);

/* All rows of @sql as objects, each on a line of its own that starts behind "\n"; @separator stands
 * between two of them.  Parameter ?1 of @sql, if it has one, is @parameter. */
bool mps_json_rows(sqlite3 *db, const char *sql, int64_t parameter, const char *separator,
                   FILE *out, GError **error);

/* Prints what SQLite made: valid UTF-8, and the control characters that JSON leaves as they are
 * (U+007F to U+009F) escaped, for terminals. */
void mps_json_put(const char *json, FILE *out);

/* @text as a JSON string. */
bool mps_json_string(sqlite3 *db, const char *text, FILE *out, GError **error);

#endif
