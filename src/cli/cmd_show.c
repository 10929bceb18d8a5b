/* cmd_show.c - everything about one connection. */
#include "cli/command.h"
#include "cli/source.h"
#include "views/views.h"

static char *number;
static gboolean json;

static const GOptionEntry options[] = {
    {"connection", 'c', 0, G_OPTION_ARG_STRING, &number, "Only this connection, by number", "N"},
    {"json", 0, 0, G_OPTION_ARG_NONE, &json, "An array with one object per connection", NULL},
    {0},
};

static MpsExit run(char **arguments, const MpsSettings *settings, GError **error)
{
    g_autoptr(MpsSource) source = NULL;
    int64_t connection;

    if (!mps_source_connection(number, &connection, error))
        return MPS_EXIT_USAGE;
    source = mps_source_open(arguments, false, settings, error);
    if (!source || !(json ? mps_view_show_json(source->db, connection, stdout, error)
                          : mps_view_show(source->db, connection, stdout, error)))
        return MPS_EXIT_FAILED;
    return mps_source_exit(source);
}

const MpsCommand mps_command_show = {
    .name = "show",
    .arguments = "SOURCE",
    .help = "Everything about one connection, or about all",
    .examples = "  mptcpscope show result.db -c 3\n"
                "  mptcpscope show client.pcapng\n"
                "  mptcpscope show result.db -c 3 --json\n",
    .options = options,
    .run = run,
};
