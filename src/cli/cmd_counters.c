/* cmd_counters.c - the kernel's MPTCP counters of each host. */
#include "cli/command.h"
#include "cli/source.h"
#include "views/views.h"

static gboolean json;

static const GOptionEntry options[] = {
    {"json", 0, 0, G_OPTION_ARG_NONE, &json, "An array with one object per counter", NULL},
    {0},
};

static MpsExit run(char **arguments, const MpsSettings *settings, GError **error)
{
    g_autoptr(MpsSource) source = mps_source_open(arguments, false, settings, error);

    if (!source || !(json ? mps_view_counters_json(source->db, stdout, error)
                          : mps_view_counters(source->db, stdout, error)))
        return MPS_EXIT_FAILED;
    return mps_source_exit(source);
}

const MpsCommand mps_command_counters = {
    .name = "counters",
    .arguments = "SOURCE",
    .help = "The MPTcpExt counters of the kernel, as nstat names them, recomputed per host",
    .examples = "  mptcpscope counters client.pcapng\n"
                "  mptcpscope counters --json result.db\n",
    .options = options,
    .run = run,
};
