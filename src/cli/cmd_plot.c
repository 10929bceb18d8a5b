/* cmd_plot.c - figures of connections. */
#include <unistd.h>

#include "cli/command.h"
#include "cli/leftovers.h"
#include "cli/output.h"
#include "cli/source.h"
#include "views/left_out.h"
#include "views/views.h"

static char *number, *kind, *directory, *format;
static char **labels;
static gboolean term;

static const GOptionEntry options[] = {
    {"connection", 'c', 0, G_OPTION_ARG_STRING, &number, "Only this connection, by number", "N"},
    {"kind", 'k', 0, G_OPTION_ARG_STRING, &kind,
     "Only these figures: sequence, throughput, rtt, boxes, flight, repeats, reordering, "
     "responses, usage or share",
     "KIND,..."},
    {"output", 'o', 0, G_OPTION_ARG_FILENAME, &directory, "Write the figures here", "DIR"},
    {"format", 0, 0, G_OPTION_ARG_STRING, &format,
     "png, svg, pdf, both (PNG and SVG) or all (default)", "FORMAT"},
    {"label", 'l', 0, G_OPTION_ARG_STRING_ARRAY, &labels,
     "Name the addresses of this prefix, as in 10.0.1.0/24=Wi-Fi", "PREFIX=NAME"},
    {"term", 't', 0, G_OPTION_ARG_NONE, &term,
     "Draw in the terminal, with letters (sequence, throughput, rtt or flight)", NULL},
    {0},
};

/* A figure replaces an older one, and nothing else. */
static bool may_write(const char *file, void *sources, GError **error)
{
    return mps_output_check(file, true, sources, error);
}

/* The figures as text on standard output. */
static MpsExit draw_in_terminal(char **arguments, const MpsSettings *settings, GError **error)
{
    g_autoptr(MpsSource) source = NULL;
    int64_t connection;

    if (directory || format) {
        mps_throw(error, MPS_ERROR_USAGE, "--term writes no files: leave out -o and --format");
        return MPS_EXIT_USAGE;
    }
    if (!mps_view_plot_term_check(kind, error) ||
        !mps_view_plot_check_labels((const char *const *)labels, error) ||
        !mps_source_connection(number, &connection, error))
        return MPS_EXIT_USAGE;
    source = mps_source_open(arguments, true, settings, error);
    if (!source || !mps_left_out_none(source->db, "figures need", error))
        return MPS_EXIT_FAILED;

    const MpsPlotRequest request = {
        .database = source->path,
        .kind = kind,
        .connection_id = connection,
        .labels = (const char *const *)labels,
        .quiet = settings->quiet,
    };

    return mps_view_plot_term(source->db, &request, stdout, error) ? mps_source_exit(source)
                                                                   : MPS_EXIT_FAILED;
}

static MpsExit run(char **arguments, const MpsSettings *settings, GError **error)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *name = g_strdup_printf(".mptcpscope-%ld.tmp", (long)getpid());
    g_autofree char *scratch = NULL, *rows = NULL;
    g_autoptr(MpsSource) source = NULL;
    int64_t connection;

    if (term)
        return draw_in_terminal(arguments, settings, error);
    if (!directory) {
        mps_throw(error, MPS_ERROR_USAGE,
                  "-o DIR is missing: where shall the figures go? (--term draws in the terminal)");
        return MPS_EXIT_USAGE;
    }
    if (!mps_view_plot_check(kind, format ? format : "all", error) ||
        !mps_view_plot_check_labels((const char *const *)labels, error) ||
        !mps_source_connection(number, &connection, error) ||
        !mps_output_check_directory(directory, error))
        return MPS_EXIT_USAGE;
    source = mps_source_open(arguments, true, settings, error);
    if (!source || !mps_left_out_none(source->db, "figures need", error))
        return MPS_EXIT_FAILED;
    scratch = g_build_filename(directory, name, NULL);
    rows = g_strconcat(scratch, ".tsv", NULL);

    const MpsPlotRequest request = {
        .database = source->path,
        .kind = kind,
        .format = format ? format : "all",
        .directory = directory,
        .scratch = scratch,
        .may_write = may_write,
        .user = arguments,
        .connection_id = connection,
        .quiet = settings->quiet,
        .rows = rows,
        .passing = source->temporary != NULL,
        .labels = (const char *const *)labels,
    };

    mps_leftovers_add(scratch);
    mps_leftovers_add(rows);

    const bool drawn = mps_view_plot(source->db, &request, files, error);

    mps_leftovers_drop(scratch);
    mps_leftovers_drop(rows);
    if (!drawn)
        return MPS_EXIT_FAILED;
    for (unsigned i = 0; i < files->len; i++)
        puts(files->pdata[i]);
    return mps_source_exit(source);
}

const MpsCommand mps_command_plot = {
    .name = "plot",
    .arguments = "SOURCE -o DIR | SOURCE --term",
    .help = "Figures: data sequence, throughput, RTT, flight, what was sent again, ...",
    .examples = "  mptcpscope plot result.db -c 3 -o figures\n"
                "  mptcpscope plot result.db -c 3 -k sequence,rtt --format svg -o figures\n"
                "  mptcpscope plot result.db -c 3 -l 10.0.1.0/24=Wi-Fi -o figures\n"
                "  mptcpscope plot result.db -c 3 -k throughput --term\n"
                "  mptcpscope plot client.pcapng -o figures\n",
    .options = options,
    .run = run,
};
