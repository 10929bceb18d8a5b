/* cmd_plot.c - figures of connections. */
#include <unistd.h>

#include "cli/command.h"
#include "cli/leftovers.h"
#include "cli/output.h"
#include "cli/source.h"
#include "views/views.h"

static char *number, *kind, *directory, *format;

static const GOptionEntry options[] = {
    {"connection", 'c', 0, G_OPTION_ARG_STRING, &number, "Only this connection, by number", "N"},
    {"kind", 'k', 0, G_OPTION_ARG_STRING, &kind,
     "Only this figure: sequence, throughput, rtt or share", "KIND"},
    {"output", 'o', 0, G_OPTION_ARG_FILENAME, &directory, "Write the figures here", "DIR"},
    {"format", 0, 0, G_OPTION_ARG_STRING, &format, "png, svg or both (default)", "FORMAT"},
    {0},
};

/* A figure replaces an older one, and nothing else. */
static bool may_write(const char *file, void *sources, GError **error)
{
    return mps_output_check(file, true, sources, error);
}

static MpsExit run(char **arguments, const MpsSettings *settings, GError **error)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *name = g_strdup_printf(".mptcpscope-%ld.tmp", (long)getpid());
    g_autofree char *scratch = NULL;
    g_autoptr(MpsSource) source = NULL;
    int64_t connection;

    if (!directory) {
        mps_throw(error, MPS_ERROR_USAGE, "-o DIR is missing: where shall the figures go?");
        return MPS_EXIT_USAGE;
    }
    if (!mps_view_plot_check(kind, format ? format : "both", error) ||
        !mps_source_connection(number, &connection, error) ||
        !mps_output_check_directory(directory, error))
        return MPS_EXIT_USAGE;
    source = mps_source_open(arguments, true, settings, error);
    if (!source)
        return MPS_EXIT_FAILED;
    scratch = g_build_filename(directory, name, NULL);

    const MpsPlotRequest request = {
        .database = source->path,
        .kind = kind,
        .format = format ? format : "both",
        .directory = directory,
        .scratch = scratch,
        .may_write = may_write,
        .user = arguments,
        .connection_id = connection,
        .quiet = settings->quiet,
    };

    mps_leftovers_add(scratch);

    const bool drawn = mps_view_plot(source->db, &request, files, error);

    mps_leftovers_drop(scratch);
    if (!drawn)
        return MPS_EXIT_FAILED;
    for (unsigned i = 0; i < files->len; i++)
        puts(files->pdata[i]);
    return mps_source_exit(source);
}

const MpsCommand mps_command_plot = {
    .name = "plot",
    .arguments = "SOURCE -o DIR",
    .help = "Figures: data sequence, throughput, RTT, share of the subflows",
    .examples = "  mptcpscope plot result.db -c 3 -o figures\n"
                "  mptcpscope plot result.db -c 3 -k sequence --format svg -o figures\n"
                "  mptcpscope plot client.pcapng -o figures\n",
    .options = options,
    .run = run,
};
