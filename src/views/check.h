/* check.h - what `check` and `rules` print. */
#ifndef MPS_VIEWS_CHECK_H
#define MPS_VIEWS_CHECK_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <glib.h>
#include <sqlite3.h>

typedef struct {
    const char *format;    /* "text", "json", "tap", "junit" or "sarif" */
    const char *rules;     /* families and rules separated by commas, or NULL for all */
    bool strict;           /* the strict profile: tolerated deviations are violations */
    bool fail_on_warning;  /* a warning makes the check fail, too */
    bool verbose;          /* text: also what passed and what could not be checked */
    int64_t connection_id; /* or MPS_ALL_CONNECTIONS */
} MpsCheckRequest;

/* Whether format and rules exist: MPS_ERROR_USAGE if not.  @db has the catalogue. */
bool mps_view_check_request(sqlite3 *db, const MpsCheckRequest *request, GError **error);

/* view_check.c: the findings of @request; *failed tells whether the check failed.
 * MPS_ERROR_ABSENT: no such connection; MPS_ERROR_STORE: the rules were off when @db was made. */
bool mps_view_check(sqlite3 *db, const MpsCheckRequest *request, FILE *out, bool *failed,
                    GError **error);

/* view_establishment.c: MP_CAPABLE and MP_JOIN handshakes with the values seen, as the published
 * study of connection establishment checks them ("Towards Evaluating Multipath TCP using Linux
 * Tools and Utilities", ICDCN 2023). */
bool mps_view_establishment(sqlite3 *db, int64_t connection_id, FILE *out, GError **error);

/* view_rules.c: the catalogue; @format is "text", "markdown" or "json". */
bool mps_view_rules(sqlite3 *db, const char *format, FILE *out, GError **error);

#endif
