/* left_out.c - what was not measured. */
#include "views/left_out.h"

#include <mptcpscope/error.h>

#include "views/query.h"

/* Their names, separated by ", ", for g_free(); "" if none was left out, NULL if that failed. */
static char *left_out(sqlite3 *db, GError **error)
{
    g_autoptr(MpsQuery) query =
        mps_query_new(db, "SELECT value FROM meta WHERE key = 'metrics_left_out'");
    g_autofree char *names = g_strdup(mps_query_next(query) ? mps_query_text(query, "value") : "");

    return mps_query_finish(query, error) ? g_steal_pointer(&names) : NULL;
}

bool mps_left_out_print(sqlite3 *db, FILE *out, GError **error)
{
    g_autofree char *names = left_out(db, error);

    if (names && *names)
        fprintf(out, "Not measured (--metrics): %s\n", names);
    return names != NULL;
}

bool mps_left_out_none(sqlite3 *db, const char *what, GError **error)
{
    g_autofree char *names = left_out(db, error);

    return names &&
           (!*names || mps_throw(error, MPS_ERROR_STORE,
                                 "measured without %s (--metrics); %s all metrics", names, what));
}
