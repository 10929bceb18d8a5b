/* left_out.h - metrics that --metrics left out of the analysis: their columns are NULL and their
 * tables empty, which must not be read as "there was none". */
#ifndef MPS_VIEWS_LEFT_OUT_H
#define MPS_VIEWS_LEFT_OUT_H

#include <stdbool.h>
#include <stdio.h>

#include <glib.h>
#include <sqlite3.h>

/* Prints one line that names them, if there are any. */
bool mps_left_out_print(sqlite3 *db, FILE *out, GError **error);

/* False, with MPS_ERROR_STORE, if any of them was left out; @what is what needs all of them. */
bool mps_left_out_none(sqlite3 *db, const char *what, GError **error);

#endif
