/* cmd_list.c - one line per connection. */
#include "cli/command.h"
#include "cli/source.h"
#include "cli/terminal.h"
#include "views/views.h"

/* Columns of a terminal that have room for a chart. */
#define COLUMNS_MIN 100

static gboolean json;
static char *when;

static const GOptionEntry options[] = {
    {"json", 0, 0, G_OPTION_ARG_NONE, &json, "An array with one object per connection", NULL},
    MPS_CHARTS_OPTION(&when),
    {0},
};

static MpsExit run(char **arguments, const MpsSettings *settings, GError **error)
{
    g_autoptr(MpsSource) source = NULL;
    bool charts;

    if (!mps_terminal_charts(when, COLUMNS_MIN, &charts, error))
        return MPS_EXIT_USAGE;
    source = mps_source_open(arguments, false, settings, error);
    if (!source || !(json ? mps_view_list_json(source->db, stdout, error)
                          : mps_view_list(source->db, charts, stdout, error)))
        return MPS_EXIT_FAILED;
    return mps_source_exit(source);
}

const MpsCommand mps_command_list = {
    .name = "list",
    .arguments = "SOURCE",
    .help = "One line per connection",
    .examples = "  mptcpscope list result.db\n"
                "  mptcpscope list client.pcapng\n"
                "  mptcpscope list --json result.db\n",
    .options = options,
    .run = run,
};
