/* cmd_events.c - the timeline of connections, also in the words of `ip mptcp monitor`. */
#include "cli/command.h"

#include <string.h>

#include "cli/source.h"
#include "views/views.h"

static char *number, *monitor;
static gboolean json;

static const GOptionEntry options[] = {
    {"connection", 'c', 0, G_OPTION_ARG_STRING, &number, "Only this connection, by number", "N"},
    {"monitor", 0, 0, G_OPTION_ARG_STRING, &monitor,
     "What `ip mptcp monitor` would have printed on this host", "client|server"},
    {"json", 0, 0, G_OPTION_ARG_NONE, &json, "An array with one object per event", NULL},
    {0},
};

static bool check_options(GError **error)
{
    if (!monitor)
        return true;
    if (strcmp(monitor, "client") != 0 && strcmp(monitor, "server") != 0)
        return mps_throw(error, MPS_ERROR_USAGE, "--monitor: client or server, not '%s'", monitor);
    return !json || mps_throw(error, MPS_ERROR_USAGE, "--monitor prints lines, not JSON");
}

static bool view(sqlite3 *db, int64_t connection, GError **error)
{
    if (monitor)
        return mps_view_monitor(db, monitor, connection, stdout, error);
    return json ? mps_view_events_json(db, connection, stdout, error)
                : mps_view_events(db, connection, stdout, error);
}

static MpsExit run(char **arguments, const MpsSettings *settings, GError **error)
{
    g_autoptr(MpsSource) source = NULL;
    int64_t connection;

    if (!check_options(error) || !mps_source_connection(number, &connection, error))
        return MPS_EXIT_USAGE;
    source = mps_source_open(arguments, false, settings, error);
    if (!source || !view(source->db, connection, error))
        return MPS_EXIT_FAILED;
    return mps_source_exit(source);
}

const MpsCommand mps_command_events = {
    .name = "events",
    .arguments = "SOURCE",
    .help = "Timeline of connections, in words or as `ip mptcp monitor` prints it",
    .examples = "  mptcpscope events client.pcapng\n"
                "  mptcpscope events result.db -c 3\n"
                "  mptcpscope events server.pcapng --monitor server\n",
    .options = options,
    .run = run,
};
