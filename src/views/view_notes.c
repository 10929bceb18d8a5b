/* view_notes.c - what capture files say beside their packets: interfaces, losses, names, comments.
 */
#include <inttypes.h>

#include "views/parts.h"

/* More of them are only counted. */
#define INTERFACES_TOLD 8
#define NOTES_TOLD      5
#define NAMES_TOLD      8

/* Words of @query, each with its number in parentheses if @counts, the first @told of them. */
static char *list(MpsQuery *query, bool counts, unsigned told)
{
    GString *text = g_string_new(NULL);
    unsigned n = 0;

    for (; mps_query_next(query); n++) {
        g_autofree char *word = mps_format_printable(mps_query_text(query, "word"));

        if (n >= told)
            continue;
        g_string_append_printf(text, "%s%s", n > 0 ? ", " : "", word);
        if (counts)
            g_string_append_printf(text, " (%s)",
                                   mps_format_count(mps_query_int(query, "n"), "packet").text);
    }
    if (n > told)
        g_string_append_printf(text, " and %u more", n - told);
    return g_string_free(text, FALSE);
}

static bool print_interfaces(sqlite3 *db, int64_t capture_id, FILE *out, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(
        db, "SELECT name AS word, packets AS n FROM interface"
            " WHERE capture_id = ?1 AND packets > 0 AND name IS NOT NULL ORDER BY interface_id");
    int64_t n = 0;

    if (!mps_query_single(db,
                          "SELECT count(*) FROM interface WHERE capture_id = ?1 AND packets > 0",
                          capture_id, &n, error))
        return false;
    mps_query_bind_int(query, 1, capture_id);

    g_autofree char *text = list(query, n > 1, INTERFACES_TOLD);

    if (*text)
        fprintf(out, "  captured on %s\n", text);
    return mps_query_finish(query, error);
}

static bool print_dropped(sqlite3 *db, int64_t capture_id, FILE *out, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(
        db, "SELECT coalesce(name, 'interface ' || interface_id) AS word, dropped AS n FROM"
            " interface WHERE capture_id = ?1 AND dropped > 0 ORDER BY interface_id");
    int64_t n = 0;

    if (!mps_query_single(db, "SELECT dropped FROM capture WHERE capture_id = ?1", capture_id, &n,
                          error))
        return false;
    if (n <= 0)
        return true;
    mps_query_bind_int(query, 1, capture_id);

    g_autofree char *text = list(query, true, INTERFACES_TOLD);

    fprintf(out,
            "  packets dropped by the capturing host: %" PRId64 " (may look like loss below)\n"
            "    on %s\n",
            n, text);
    return mps_query_finish(query, error);
}

static bool print_comments(sqlite3 *db, int64_t capture_id, FILE *out, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(
        db, "SELECT text, coalesce(' on packet ' || packet, ' on interface ' || interface_id, '')"
            " AS place FROM file_note WHERE capture_id = ?1 AND kind = 'comment' LIMIT ?2");
    int64_t n = 0;

    if (!mps_query_single(
            db, "SELECT count(*) FROM file_note WHERE capture_id = ?1 AND kind = 'comment'",
            capture_id, &n, error))
        return false;
    mps_query_bind_int(query, 1, capture_id);
    mps_query_bind_int(query, 2, NOTES_TOLD);
    while (mps_query_next(query)) {
        g_autofree char *text = mps_format_printable(mps_query_text(query, "text"));

        fprintf(out, "  comment%s: %s\n", mps_query_text(query, "place"), text);
    }
    if (n > NOTES_TOLD)
        fprintf(out, "  ... and %s: table file_note\n",
                mps_format_count(n - NOTES_TOLD, "more comment").text);
    return mps_query_finish(query, error);
}

bool mps_view_notes(sqlite3 *db, int64_t capture_id, FILE *out, GError **error)
{
    return print_interfaces(db, capture_id, out, error) &&
           print_dropped(db, capture_id, out, error) && print_comments(db, capture_id, out, error);
}

bool mps_view_host_names(sqlite3 *db, int64_t connection_id, FILE *out, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(
        db, "SELECT address || ' is ' || group_concat(name, ' or ') AS word FROM"
            " (SELECT DISTINCT h.address, h.name FROM subflow s"
            " JOIN host_name h ON h.address IN (s.client_addr, s.server_addr)"
            " WHERE s.connection_id = ?1 ORDER BY h.address = s.server_addr, s.ordinal, h.name)"
            " GROUP BY address");

    mps_query_bind_int(query, 1, connection_id);

    g_autofree char *text = list(query, false, NAMES_TOLD);

    if (*text)
        fprintf(out, "  %s, says the capture\n", text);
    return mps_query_finish(query, error);
}
