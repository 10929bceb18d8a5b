/* limits.c - see limits.h. */
#include "cli/limits.h"

#include <stdbool.h>
#include <string.h>

#include <mptcpscope/error.h>

#include "util/moment.h"

/* Less is not enough for a single connection with all its tables. */
static const uint64_t LEAST_BYTES = UINT64_C(64) << 20;
static const double MOST_SECONDS = 1e9;

static MpsLimits wished;
static const char *given;

static gboolean read_memory(const char *option G_GNUC_UNUSED, const char *text,
                            gpointer data G_GNUC_UNUSED, GError **error)
{
    static const char suffixes[] = "KMGT";
    char *end;
    const guint64 number = g_ascii_strtoull(text, &end, 10);
    const char *suffix = *end ? strchr(suffixes, g_ascii_toupper(*end)) : NULL;
    const unsigned shift = suffix ? 10 * (unsigned)(suffix - suffixes + 1) : 0;

    given = "--memory-limit";
    if (!g_ascii_isdigit(*text) || (*end && (!suffix || end[1])) || number > G_MAXUINT64 >> shift ||
        number << shift < LEAST_BYTES)
        return mps_throw(error, MPS_ERROR_USAGE,
                         "--memory-limit: a size of 64M or more, as 500M or 2G, not '%s'", text);
    wished.memory_bytes = number << shift;
    return true;
}

static gboolean read_timeout(const char *option, const char *text, gpointer data G_GNUC_UNUSED,
                             GError **error)
{
    static const struct {
        const char *option;
        int64_t *ns;
    } timeouts[] = {
        {"--handshake-timeout", &wished.timeouts.handshake_ns},
        {"--idle-timeout", &wished.timeouts.idle_ns},
        {"--close-timeout", &wished.timeouts.close_ns},
    };
    char *end;
    const double seconds = g_ascii_strtod(text, &end);

    for (size_t i = 0; i < G_N_ELEMENTS(timeouts); i++) {
        if (strcmp(option, timeouts[i].option) != 0)
            continue;
        given = timeouts[i].option;
        if (end == text || *end || !(seconds >= 0.001 && seconds <= MOST_SECONDS))
            return mps_throw(error, MPS_ERROR_USAGE, "%s: seconds, not '%s'", option, text);
        *timeouts[i].ns = (int64_t)(seconds * 1e9);
    }
    return true;
}

static gboolean read_moment(const char *option, const char *text, gpointer data G_GNUC_UNUSED,
                            GError **error)
{
    const bool since = strcmp(option, "--since") == 0;
    g_autofree char *printable = g_strescape(text, NULL);

    given = since ? "--since" : "--until";
    return mps_moment_parse(text, since ? &wished.span.since : &wished.span.until) ||
           mps_throw(error, MPS_ERROR_USAGE,
                     "%s: 2026-03-01T12:30:00, seconds since 1970 or +SECONDS, not '%s'", given,
                     printable);
}

static gboolean read_number(const char *option, const char *text, gpointer data G_GNUC_UNUSED,
                            GError **error)
{
    const bool first = strcmp(option, "--first") == 0;
    guint64 number;

    given = first ? "--first" : "--threads";
    if (!g_ascii_string_to_unsigned(text, 10, 1, first ? G_MAXINT64 : 3, &number, NULL))
        return mps_throw(error, MPS_ERROR_USAGE,
                         first ? "--first: a number of packets, not '%s'"
                               : "--threads: 1, 2 or 3, not '%s'",
                         text);
    if (first)
        wished.span.n_packets = number;
    else
        wished.n_threads = (unsigned)number;
    return true;
}

static gboolean want_progress(const char *option G_GNUC_UNUSED, const char *text G_GNUC_UNUSED,
                              gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
    given = "--progress";
    return wished.progress = true;
}

const GOptionEntry mps_limits_options[] = {
    {"progress", 0, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, (gpointer)want_progress,
     "Captures: tell how far it is also if standard error is no terminal", NULL},
    {"since", 0, 0, G_OPTION_ARG_CALLBACK, (gpointer)read_moment,
     "Captures: pass over packets before TIME (2026-03-01T12:30:00, seconds since 1970, +SECONDS)",
     "TIME"},
    {"until", 0, 0, G_OPTION_ARG_CALLBACK, (gpointer)read_moment,
     "Captures: end with the first packet of TIME or later", "TIME"},
    {"first", 0, 0, G_OPTION_ARG_CALLBACK, (gpointer)read_number,
     "Captures: end after N packets, counted from --since", "N"},
    {"threads", 0, 0, G_OPTION_ARG_CALLBACK, (gpointer)read_number,
     "Captures: 1: one does all; 2: another one stores (default, but on one processor); 3: a third "
     "one reads",
     "N"},
    {"memory-limit", 0, 0, G_OPTION_ARG_CALLBACK, (gpointer)read_memory,
     "Captures: memory to keep within; half of what is available without it", "SIZE"},
    {"handshake-timeout", 0, 0, G_OPTION_ARG_CALLBACK, (gpointer)read_timeout,
     "Captures: silence that ends an attempt to connect (default 180)", "SECONDS"},
    {"idle-timeout", 0, 0, G_OPTION_ARG_CALLBACK, (gpointer)read_timeout,
     "Captures: silence that ends an established connection (default 7440)", "SECONDS"},
    {"close-timeout", 0, 0, G_OPTION_ARG_CALLBACK, (gpointer)read_timeout,
     "Captures: how long a closed connection waits for late packets (default 60)", "SECONDS"},
    {0},
};

MpsLimits mps_limits_wished(void)
{
    return wished;
}

const char *mps_limits_option(void)
{
    return given;
}
