/* cmd_study.c - figures and tables of many connections. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/output.h"
#include "cli/source.h"
#include "views/left_out.h"
#include "views/views.h"

static char *directory, *format, *name, *from, *to;
static char **addresses, **locations;
static int port;
static gint64 min_bytes, max_bytes = INT64_MAX;

static const GOptionEntry options[] = {
    {"output", 'o', 0, G_OPTION_ARG_FILENAME, &directory, "Write the figures and CSV here", "DIR"},
    {"kind", 'k', 0, G_OPTION_ARG_STRING, &name, "Only this figure", "KIND"},
    {"format", 0, 0, G_OPTION_ARG_STRING, &format, "png, svg, pdf, both (PNG and SVG) or all",
     "FORMAT"},
    {"port", 'p', 0, G_OPTION_ARG_INT, &port, "Only connections to this port of the server", "N"},
    {"address", 'a', 0, G_OPTION_ARG_STRING_ARRAY, &addresses,
     "Only connections with a subflow from or to there, or, as !PREFIX, without; may be repeated",
     "PREFIX"},
    {"from", 0, 0, G_OPTION_ARG_STRING, &from, "Only those that began then or later (ISO 8601)",
     "TIME"},
    {"to", 0, 0, G_OPTION_ARG_STRING, &to, "Only those that began before", "TIME"},
    {"min-bytes", 0, 0, G_OPTION_ARG_INT64, &min_bytes, "Only those with as much data", "BYTES"},
    {"max-bytes", 0, 0, G_OPTION_ARG_INT64, &max_bytes, "Only those with no more data", "BYTES"},
    {"geo", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &locations,
     "Country and AS of clients, in MaxMind DB format; may be repeated", "FILE"},
    {0},
};

/* A figure replaces an older one, and nothing else. */
static bool may_write(const char *file, void *sources, GError **error)
{
    return mps_output_check(file, true, sources, error);
}

/* @text, in UTC unless it says otherwise; @unset if NULL. */
static bool read_time(const char *text, int64_t unset, int64_t *out_ns, GError **error)
{
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autofree char *day =
        text && !strpbrk(text, "T ") ? g_strconcat(text, "T00:00:00", NULL) : NULL;
    g_autoptr(GDateTime) time = text ? g_date_time_new_from_iso8601(day ? day : text, utc) : NULL;

    *out_ns = unset;
    if (!text)
        return true;
    if (!time)
        return mps_throw(error, MPS_ERROR_USAGE,
                         "time '%s': not as in 2026-11-20 or 2026-11-20T10:33:27", text);
    *out_ns = g_date_time_to_unix(time) * 1000000000 + g_date_time_get_microsecond(time) * 1000;
    return true;
}

static bool check(MpsStudyRequest *request, GError **error)
{
    if (!directory)
        return mps_throw(error, MPS_ERROR_USAGE, "-o DIR is missing: where shall the figures go?");
    if (port < 0 || port > 65535)
        return mps_throw(error, MPS_ERROR_USAGE, "no port %d", port);
    return mps_view_plot_check(NULL, request->format, error) &&
           mps_view_study_check(name, addresses, error) &&
           read_time(from, INT64_MIN, &request->from_ns, error) &&
           read_time(to, INT64_MAX, &request->to_ns, error) &&
           mps_output_check_directory(directory, error);
}

static MpsExit run(char **arguments, const MpsSettings *settings, GError **error)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(MpsSource) source = NULL;
    MpsStudyRequest request = {
        .directory = directory,
        .name = name,
        .format = format ? format : "all",
        .port = port,
        .addresses = addresses,
        .min_bytes = min_bytes,
        .max_bytes = max_bytes,
        .locations = locations,
        .quiet = settings->quiet,
        .may_write = may_write,
        .user = arguments,
    };

    if (!check(&request, error))
        return MPS_EXIT_USAGE;
    source = mps_source_open(arguments, false, settings, error);
    if (!source || !mps_left_out_none(source->db, "a study needs", error) ||
        !mps_view_study(source->db, &request, files, error))
        return MPS_EXIT_FAILED;
    for (unsigned i = 0; i < files->len; i++)
        puts(files->pdata[i]);
    return mps_source_exit(source);
}

const MpsCommand mps_command_study = {
    .name = "study",
    .arguments = "SOURCE -o DIR",
    .help = "Figures and tables of many connections, with their numbers as CSV",
    .examples = "  mptcpscope study result.db -o study\n"
                "  mptcpscope study result.db --port 443 --min-bytes 100000 -o large\n"
                "  mptcpscope study result.db -k join_delay --format svg -o study\n"
                "  mptcpscope study result.db --geo GeoLite2-Country.mmdb --geo GeoLite2-ASN.mmdb"
                " -o study\n",
    .options = options,
    .run = run,
};
