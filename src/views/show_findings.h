/* show_findings.h - the first screen of `show`. */
#ifndef MPS_VIEWS_SHOW_FINDINGS_H
#define MPS_VIEWS_SHOW_FINDINGS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <glib.h>
#include <sqlite3.h>

/* A verdict in one paragraph, then the rows of v_diagnosis as sentences with their packets. */
bool mps_show_findings(sqlite3 *db, int64_t connection_id, FILE *out, GError **error);

#endif
