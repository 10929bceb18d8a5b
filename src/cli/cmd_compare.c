/* cmd_compare.c - runs side by side. */
#include <string.h>

#include "cli/command.h"
#include "cli/output.h"
#include "cli/source.h"
#include "views/compare.h"
#include "views/views.h"

static gboolean json;
static char **group_specs, *by, *directory, *format;

static const GOptionEntry options[] = {
    {"group", 0, 0, G_OPTION_ARG_STRING_ARRAY, &group_specs,
     "Sources whose path matches PATTERN (* and ?) are group NAME; may be repeated",
     "NAME=PATTERN"},
    {"by", 0, 0, G_OPTION_ARG_STRING, &by,
     "Groups by protocol, version, scheduler, path_manager, port or family", "WHAT"},
    {"output", 'o', 0, G_OPTION_ARG_FILENAME, &directory, "Write figures and CSV here", "DIR"},
    {"format", 0, 0, G_OPTION_ARG_STRING, &format, "png, svg, pdf, both (PNG and SVG) or all",
     "FORMAT"},
    {"json", 0, 0, G_OPTION_ARG_NONE, &json, "An array with one object per metric and group", NULL},
    {0},
};

static bool check_specs(GError **error)
{
    for (char **spec = group_specs; spec && *spec; spec++) {
        const char *sign = strchr(*spec, '=');

        if (!sign || sign == *spec || !sign[1]) {
            g_autofree char *printable = g_strescape(*spec, NULL);

            return mps_throw(error, MPS_ERROR_USAGE, "--group: NAME=PATTERN, not '%s'", printable);
        }
    }
    return true;
}

/* By the first --group that matches; NULL and MPS_ERROR_USAGE if none does. */
static char *group_by_pattern(const char *path, GError **error)
{
    for (char **spec = group_specs; *spec; spec++) {
        const char *sign = strchr(*spec, '=');

        if (g_pattern_match_simple(sign + 1, path))
            return g_strndup(*spec, (gsize)(sign - *spec));
    }
    return mps_throw_null(error, MPS_ERROR_USAGE, "%s: no --group has a pattern that matches",
                          path);
}

/* "runs/minrtt-03.pcap.gz" belongs to minrtt: the name up to its first dot, without the number at
 * its end. */
static char *group_by_name(const char *path)
{
    char *name = g_path_get_basename(path);
    size_t n = strcspn(name + 1, ".") + 1;
    const size_t whole = n;

    while (n > 0 && g_ascii_isdigit(name[n - 1]))
        n--;
    if (n < whole && n > 1 && strchr("-_", name[n - 1]))
        n--;
    name[n > 0 ? n : whole] = '\0';
    return name;
}

/* A group for each source.  Without --group, names that would put all into one keep them apart. */
static char **choose_groups(char **sources, GError **error)
{
    const unsigned n = g_strv_length(sources);
    char **groups = g_new0(char *, n + 1);
    bool apart = false;

    for (unsigned i = 0; i < n; i++) {
        groups[i] = group_specs ? group_by_pattern(sources[i], error) : group_by_name(sources[i]);
        if (!groups[i]) {
            g_strfreev(groups);
            return NULL;
        }
        apart |= strcmp(groups[i], groups[0]) != 0;
    }
    for (unsigned i = 0; i < n && !apart && !group_specs; i++) {
        g_free(groups[i]);
        groups[i] = g_strdup(sources[i]);
    }
    return groups;
}

static bool check(char **sources, GError **error)
{
    if (!sources[0] || (!by && !sources[1]))
        return mps_throw(error, MPS_ERROR_USAGE,
                         "two sources or more are needed to compare, or one and --by");
    if (by && group_specs)
        return mps_throw(error, MPS_ERROR_USAGE, "--by and --group exclude each other");
    if (format && !directory)
        return mps_throw(error, MPS_ERROR_USAGE, "--format is for figures: -o DIR is missing");
    return check_specs(error) && (!by || mps_compare_check_by(by, error)) &&
           mps_view_plot_check(NULL, format ? format : "all", error) &&
           (!directory || mps_output_check_directory(directory, error));
}

/* A figure replaces an older one, and nothing else. */
static bool may_write(const char *file, void *sources, GError **error)
{
    return mps_output_check(file, true, sources, error);
}

static bool draw(const MpsCompare *compare, char **sources, GError **error)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
    MpsFigures figures = {.directory = directory,
                          .format = format ? format : "all",
                          .may_write = may_write,
                          .user = sources,
                          .files = files};

    return mps_compare_draw(compare, &figures, error);
}

static MpsExit run(char **arguments, const MpsSettings *settings, GError **error)
{
    g_autoptr(MpsCompare) compare = mps_compare_new();
    g_autoptr(MpsSource) last = NULL;
    g_auto(GStrv) groups = NULL;
    MpsExit status = MPS_EXIT_DONE;

    if (!check(arguments, error) || !(groups = choose_groups(arguments, error)))
        return MPS_EXIT_USAGE;
    for (unsigned i = 0; arguments[i]; i++) {
        mps_source_free(last);
        last = mps_source_open((char *[]){arguments[i], NULL}, false, settings, error);
        if (!last || !mps_compare_add(compare, last->db, groups[i], by, error))
            return MPS_EXIT_FAILED;
        if (mps_source_exit(last) != MPS_EXIT_DONE)
            status = mps_source_exit(last);
    }
    if (mps_compare_groups(compare) < 2) {
        mps_throw(error, MPS_ERROR_USAGE, "all %s are in one group: nothing to compare",
                  by ? "connections" : "sources");
        return MPS_EXIT_USAGE;
    }
    mps_compare_test(compare);
    if (directory && !draw(compare, arguments, error))
        return MPS_EXIT_FAILED;
    if (!json)
        mps_compare_text(compare, stdout);
    else if (!mps_compare_json(compare, last->db, stdout, error))
        return MPS_EXIT_FAILED;
    return status;
}

const MpsCommand mps_command_compare = {
    .name = "compare",
    .arguments = "SOURCE SOURCE...",
    .help = "Runs side by side: medians, spread, and whether they differ",
    .examples = "  mptcpscope compare minrtt-1.db minrtt-2.db roundrobin-1.db roundrobin-2.db\n"
                "  mptcpscope compare --group 'v6.1=old/*' --group 'v6.6=new/*' old/* new/*\n"
                "  mptcpscope compare --tcp --by protocol capture.pcap -o figures\n",
    .options = options,
    .run = run,
};
