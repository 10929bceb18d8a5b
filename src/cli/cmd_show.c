/* cmd_show.c - everything about one connection. */
#include "cli/command.h"
#include "cli/source.h"
#include "cli/terminal.h"
#include "views/left_out.h"
#include "views/views.h"

/* Columns of a terminal that have room for charts. */
#define COLUMNS_MIN 80

static char *number, *when, *interval;
static gboolean json;

static const GOptionEntry options[] = {
    {"connection", 'c', 0, G_OPTION_ARG_STRING, &number, "Only this connection, by number", "N"},
    {"json", 0, 0, G_OPTION_ARG_NONE, &json, "An array with one object per connection", NULL},
    {"interval", 'i', 0, G_OPTION_ARG_STRING, &interval,
     "Only rates, of each subflow and of all, per so many seconds", "SECONDS"},
    MPS_CHARTS_OPTION(&when),
    {0},
};

/* *out_ns is 0 without one. */
static bool read_interval(int64_t *out_ns, GError **error)
{
    char *end = NULL;
    const double seconds = interval ? g_ascii_strtod(interval, &end) : 0;

    *out_ns = 0;
    if (!interval)
        return true;
    if (end == interval || *end || !(seconds >= 1e-4 && seconds <= 1e9)) {
        g_autofree char *printable = g_strescape(interval, NULL);

        return mps_throw(error, MPS_ERROR_USAGE, "no interval of '%s' s: 0.0001 to 1000000000",
                         printable);
    }
    *out_ns = (int64_t)(seconds * 1e9);
    return !json || mps_throw(error, MPS_ERROR_USAGE,
                              "--interval is for people: table series has the numbers");
}

static bool show(sqlite3 *db, int64_t connection, int64_t interval_ns, bool charts, GError **error)
{
    if (interval_ns > 0)
        return mps_left_out_none(db, "rates per interval need", error) &&
               mps_view_interval(db, connection, interval_ns, stdout, error);
    return json ? mps_view_show_json(db, connection, stdout, error)
                : mps_view_show(db, connection, charts, stdout, error);
}

static MpsExit run(char **arguments, const MpsSettings *settings, GError **error)
{
    g_autoptr(MpsSource) source = NULL;
    int64_t connection, interval_ns;
    bool charts;

    if (!read_interval(&interval_ns, error) || !mps_source_connection(number, &connection, error) ||
        !mps_terminal_charts(when, COLUMNS_MIN, &charts, error))
        return MPS_EXIT_USAGE;
    source = mps_source_open(arguments, false, settings, error);
    if (!source || !show(source->db, connection, interval_ns, charts, error))
        return MPS_EXIT_FAILED;
    return mps_source_exit(source);
}

const MpsCommand mps_command_show = {
    .name = "show",
    .arguments = "SOURCE",
    .help = "Everything about one connection, or about all",
    .examples = "  mptcpscope show result.db -c 3\n"
                "  mptcpscope show client.pcapng\n"
                "  mptcpscope show result.db -c 3 --json\n"
                "  mptcpscope show result.db -c 3 --interval 1\n",
    .options = options,
    .run = run,
};
