/* plot_labels.c - names that the user, or else the capture, gives to addresses. */
#include "views/plot_labels.h"

#include <string.h>

#include <gio/gio.h>

#include <mptcpscope/error.h>

#include "views/query.h"
#include "views/views.h"

/* A longer name would leave no room for the addresses. */
#define NAME_MAX_LETTERS 24

/* The prefix of @label (a single address is one, too), and its @name. */
static GInetAddressMask *parse(const char *label, const char **name)
{
    const char *const equals = strchr(label, '=');
    g_autofree char *prefix = equals ? g_strndup(label, (gsize)(equals - label)) : NULL;

    *name = equals ? equals + 1 : "";
    return prefix ? g_inet_address_mask_new_from_string(prefix, NULL) : NULL;
}

static bool is_name(const char *name)
{
    /* gnuplot, to which scripts that are kept hand it, takes a backslash for its own. */
    if (!*name || strchr(name, '\\') || !g_utf8_validate(name, -1, NULL) ||
        g_utf8_strlen(name, -1) > NAME_MAX_LETTERS)
        return false;
    for (; *name; name = g_utf8_next_char(name))
        if (!g_unichar_isprint(g_utf8_get_char(name)))
            return false;
    return true;
}

bool mps_view_plot_check_labels(const char *const *labels, GError **error)
{
    for (; labels && *labels; labels++) {
        const char *name;
        g_autoptr(GInetAddressMask) mask = parse(*labels, &name);

        if (!mask || !is_name(name))
            return mps_throw(error, MPS_ERROR_USAGE,
                             "label '%s': not PREFIX=NAME, as in 10.0.1.0/24=Wi-Fi, with a name of "
                             "at most %d letters",
                             *labels, NAME_MAX_LETTERS);
    }
    return true;
}

static const char *name_of(const char *const *labels, GInetAddress *address)
{
    for (; labels && *labels; labels++) {
        const char *name;
        g_autoptr(GInetAddressMask) mask = parse(*labels, &name);

        if (mask && g_inet_address_mask_matches(mask, address))
            return name;
    }
    return NULL;
}

/* Connections of several interfaces: what the capture calls the one of @address. */
static char *interface_of(sqlite3 *db, int64_t connection_id, const char *address)
{
    g_autoptr(MpsQuery) query =
        mps_query_new(db, "SELECT min(interface) AS name FROM subflow WHERE connection_id = ?1"
                          " AND client_addr = ?2 GROUP BY client_addr"
                          " HAVING count(DISTINCT interface) = 1 AND (SELECT"
                          " count(DISTINCT interface) FROM subflow WHERE connection_id = ?1) > 1");

    mps_query_bind_int(query, 1, connection_id);
    mps_query_bind_text(query, 2, address);
    if (!mps_query_next(query) || !is_name(mps_query_text(query, "name")))
        return NULL;
    return g_strdup(mps_query_text(query, "name"));
}

char *mps_labels_sql(sqlite3 *db, const char *const *labels, int64_t connection_id, GError **error)
{
    g_autoptr(GString) sql = g_string_new("SELECT 1 WHERE 0;");
    g_autoptr(MpsQuery) query =
        mps_query_new(db, "SELECT client_addr AS address FROM subflow WHERE connection_id = ?1"
                          " UNION SELECT server_addr FROM subflow WHERE connection_id = ?1");

    mps_query_bind_int(query, 1, connection_id);
    while (mps_query_next(query)) {
        const char *const text = mps_query_text(query, "address");
        g_autoptr(GInetAddress) address = g_inet_address_new_from_string(text);
        const char *const given = address ? name_of(labels, address) : NULL;
        g_autofree char *name = given ? g_strdup(given) : interface_of(db, connection_id, text);
        char *const row =
            name ? sqlite3_mprintf("INSERT INTO label VALUES (%Q, %Q);", text, name) : NULL;

        g_string_append(sql, row ? row : "");
        sqlite3_free(row);
    }
    return mps_query_finish(query, error) ? g_string_free(g_steal_pointer(&sql), FALSE) : NULL;
}
