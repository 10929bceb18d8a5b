/* view_plot.c - runs gnuplot on the scripts of plots/, one process per figure.  The scripts read
 * the database themselves, through the sqlite3 program: a figure can be redrawn and restyled by
 * hand. */
#include "views/views.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include <gio/gio.h>
#include <glib/gstdio.h>

#include <mptcpscope/error.h>

#include "views/query.h"

/* Where the scripts are installed; the Makefile knows better. */
#ifndef MPS_PLOTS_DIR
#define MPS_PLOTS_DIR "/usr/local/share/mptcpscope/plots"
#endif

/* Figures of more connections than this at once are a mistake, and would take hours. */
#define CONNECTIONS_MAX 50

typedef struct {
    const char *name, *title, *condition;
} Plot;

static const Plot plots[] = {
#define PLOT(name, title, condition) {#name, title, condition},
#include "views/plots.def"
#undef PLOT
};

static const char *const directions[] = {"c2s", "s2c"};
static const char *const formats[] = {"png", "svg"};

bool mps_view_plot_check(const char *kind, const char *format, GError **error)
{
    g_autoptr(GString) kinds = g_string_new(NULL);
    bool found = kind == NULL;

    if (strcmp(format, "png") != 0 && strcmp(format, "svg") != 0 && strcmp(format, "both") != 0)
        return mps_throw(error, MPS_ERROR_USAGE, "no format '%s': png, svg or both", format);
    for (size_t i = 0; i < G_N_ELEMENTS(plots); i++) {
        found |= kind && strcmp(plots[i].name, kind) == 0;
        g_string_append_printf(kinds, "%s%s", i ? ", " : "", plots[i].name);
    }
    return found ||
           mps_throw(error, MPS_ERROR_USAGE, "no figure '%s'; there are %s", kind, kinds->str);
}

/* The directory with figures.sql: $MPTCPSCOPE_PLOTS, else in the tree that the program was built
 * in (next to build/, two directories above), else where it was installed.  NULL and MPS_ERROR_TOOL
 * if nowhere. */
static char *find_scripts(GError **error)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *built = program ? g_path_get_dirname(program) : g_strdup(".");
    g_autofree char *in_tree = g_build_filename(built, "..", "..", "plots", NULL);
    const char *const environment = g_getenv("MPTCPSCOPE_PLOTS");
    const char *const chosen = environment && *environment ? environment : NULL;
    const char *const places[] = {chosen ? chosen : in_tree, chosen ? NULL : MPS_PLOTS_DIR, NULL};

    for (const char *const *place = places; *place; place++) {
        g_autofree char *file = g_build_filename(*place, "figures.sql", NULL);

        if (g_file_test(file, G_FILE_TEST_IS_REGULAR))
            return g_canonicalize_filename(*place, NULL);
    }
    return mps_throw_null(error, MPS_ERROR_TOOL,
                          "%s: no figure scripts there; MPTCPSCOPE_PLOTS may name another place",
                          chosen ? chosen : MPS_PLOTS_DIR);
}

static bool check_program(const char *name, GError **error)
{
    g_autofree char *path = g_find_program_in_path(name);

    return path || mps_throw(error, MPS_ERROR_TOOL, "%s is not installed; figures need it", name);
}

/* Whether @file ends as a picture does; gnuplot does not notice that a disk is full. */
static bool is_complete(const char *file, const char *format)
{
    static const char png_end[] = "IEND\xae\x42\x60\x82";
    const bool png = strcmp(format, "png") == 0;
    g_autofree char *content = NULL;
    gsize n_bytes = 0;

    if (!g_file_get_contents(file, &content, &n_bytes, NULL))
        return false;
    if (png)
        return n_bytes > sizeof png_end &&
               memcmp(content + n_bytes - (sizeof png_end - 1), png_end, sizeof png_end - 1) == 0;
    return g_str_has_suffix(g_strchomp(content), "</svg>");
}

/* Between fork and exec: whoever ends this program does not leave gnuplot behind. */
static void die_with_parent(void *user G_GNUC_UNUSED)
{
#ifdef __linux__
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
}

/* Runs the script of @plot.  gnuplot's words go into the error: its last line says what is wrong.
 */
static bool draw(const char *scripts, const Plot *plot, const char *database, int64_t connection_id,
                 const char *direction, const char *format, const char *file, GError **error)
{
    g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
        G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
    g_autofree char *figures = g_build_filename(scripts, "figures.sql", NULL);
    g_autofree char *script_name = g_strconcat(plot->name, ".gp", NULL);
    g_autofree char *script = g_build_filename(scripts, script_name, NULL);
    g_autofree char *number = g_strdup_printf("%" PRId64, connection_id);
    g_autofree char *words = NULL;
    g_autoptr(GSubprocess) gnuplot = NULL;
    g_autoptr(GError) reason = NULL;

    g_subprocess_launcher_setenv(launcher, "DATA", database, TRUE);
    g_subprocess_launcher_setenv(launcher, "CONNECTION", number, TRUE);
    g_subprocess_launcher_setenv(launcher, "DIRECTION", direction, TRUE);
    g_subprocess_launcher_setenv(launcher, "FORMAT", format, TRUE);
    g_subprocess_launcher_setenv(launcher, "OUT", file, TRUE);
    g_subprocess_launcher_setenv(launcher, "FIGURES", figures, TRUE);
    g_subprocess_launcher_setenv(launcher, "GNUPLOT_LIB", scripts, TRUE);
    g_subprocess_launcher_setenv(launcher, "LC_ALL", "C.UTF-8", TRUE);
    g_subprocess_launcher_set_child_setup(launcher, die_with_parent, NULL, NULL);
    gnuplot = g_subprocess_launcher_spawn(launcher, &reason, "gnuplot", "-d", script, NULL);
    if (!gnuplot || !g_subprocess_communicate_utf8(gnuplot, NULL, NULL, NULL, &words, &reason))
        return mps_throw(error, MPS_ERROR_TOOL, "gnuplot: %s", reason->message);
    if (g_subprocess_get_successful(gnuplot) && is_complete(file, format))
        return true;
    g_strstrip(words);

    const char *last = strrchr(words, '\n');

    return mps_throw(error, MPS_ERROR_TOOL, "gnuplot failed: %s",
                     last     ? last + 1
                     : *words ? words
                              : "the picture is not complete");
}

/* Draws @plot of one direction, in the wanted formats. */
static bool draw_formats(const MpsPlotRequest *request, const char *scripts, const Plot *plot,
                         int64_t connection_id, const char *direction, GPtrArray *files,
                         GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        g_autofree char *name = g_strdup_printf("connection-%" PRId64 "-%s-%s.%s", connection_id,
                                                plot->name, direction, formats[i]);
        g_autofree char *file = g_build_filename(request->directory, name, NULL);
        g_autofree char *scratch = g_canonicalize_filename(request->scratch, NULL);

        if (strcmp(request->format, "both") != 0 && strcmp(request->format, formats[i]) != 0)
            continue;
        if (request->may_write && !request->may_write(file, request->user, error))
            return false;
        (void)g_unlink(scratch);
        if (!draw(scripts, plot, request->database, connection_id, direction, formats[i], scratch,
                  error)) {
            (void)g_unlink(scratch);
            g_prefix_error(error, "%s: ", file);
            return false;
        }
        if (g_rename(scratch, file) != 0) {
            mps_throw(error, MPS_ERROR_STORE, "%s: %s", file, g_strerror(errno));
            (void)g_unlink(scratch);
            return false;
        }
        g_ptr_array_add(files, g_steal_pointer(&file));
    }
    return true;
}

/* Whether there is anything to draw. */
static bool has_data(sqlite3 *db, const Plot *plot, int64_t connection_id, const char *direction,
                     bool *found, GError **error)
{
    g_autofree char *sql = g_strconcat("SELECT 1 FROM connection_direction d WHERE"
                                       " d.connection_id = ?1 AND d.direction = ?2 AND ",
                                       plot->condition, NULL);
    g_autoptr(MpsQuery) query = mps_query_new(db, sql);

    mps_query_bind_int(query, 1, connection_id);
    mps_query_bind_text(query, 2, direction);
    *found = mps_query_next(query);
    return mps_query_finish(query, error);
}

static bool carries_data(sqlite3 *db, int64_t connection_id, const char *direction, bool *found,
                         GError **error)
{
    const Plot any = {.condition = "d.data_bytes > 0"};

    return has_data(db, &any, connection_id, direction, found, error);
}

/* A direction that carried data gets a note about the figures that this is too little for; one
 * that carried none gets none. */
static bool draw_direction(sqlite3 *db, const MpsPlotRequest *request, const char *scripts,
                           int64_t connection_id, const char *direction, GPtrArray *files,
                           GError **error)
{
    g_autoptr(GString) missing = g_string_new(NULL);
    bool any = false;

    for (size_t i = 0; i < G_N_ELEMENTS(plots); i++) {
        bool found = false;

        if (request->kind && strcmp(request->kind, plots[i].name) != 0)
            continue;
        if (!has_data(db, &plots[i], connection_id, direction, &found, error))
            return false;
        if (!found)
            g_string_append_printf(missing, ", %s", plots[i].title);
        else if (!draw_formats(request, scripts, &plots[i], connection_id, direction, files, error))
            return false;
    }
    if (missing->len == 0 || request->quiet)
        return true;
    if (!carries_data(db, connection_id, direction, &any, error))
        return false;
    if (any)
        g_printerr("mptcpscope: connection %" PRId64 " has too little %s data for %s\n",
                   connection_id, direction, missing->str + 2);
    return true;
}

static bool draw_connection(sqlite3 *db, const MpsPlotRequest *request, const char *scripts,
                            int64_t connection_id, GPtrArray *files, GError **error)
{
    const unsigned n_before = files->len;
    bool any = false;

    for (size_t i = 0; i < G_N_ELEMENTS(directions); i++) {
        bool carries = false;

        if (!carries_data(db, connection_id, directions[i], &carries, error) ||
            !draw_direction(db, request, scripts, connection_id, directions[i], files, error))
            return false;
        any |= carries;
    }
    if (files->len == n_before && !any && !request->quiet)
        g_printerr("mptcpscope: connection %" PRId64 " has no data to draw\n", connection_id);
    return true;
}

static bool check_amount(sqlite3 *db, const MpsPlotRequest *request, GError **error)
{
    int64_t n = 0;

    if (!mps_query_single(db, "SELECT count(*) FROM connection WHERE ?1 < 0 OR connection_id = ?1",
                          request->connection_id, &n, error))
        return false;
    if (n == 0 && request->connection_id != MPS_ALL_CONNECTIONS)
        return mps_throw(error, MPS_ERROR_USAGE, "no connection %" PRId64, request->connection_id);
    if (n > CONNECTIONS_MAX)
        return mps_throw(error, MPS_ERROR_USAGE, "%" PRId64 " connections: choose one with -c", n);
    if (n == 0 && !request->quiet)
        g_printerr("mptcpscope: no MPTCP connection, no figure\n");
    return true;
}

bool mps_view_plot(sqlite3 *db, const MpsPlotRequest *request, GPtrArray *files, GError **error)
{
    g_autofree char *scripts = find_scripts(error);
    g_autoptr(MpsQuery) query =
        mps_query_new(db, "SELECT connection_id FROM connection WHERE ?1 < 0 OR connection_id = ?1"
                          " ORDER BY connection_id");

    if (!scripts || !check_program("gnuplot", error) || !check_program("sqlite3", error) ||
        !check_amount(db, request, error))
        return false;
    if (g_mkdir_with_parents(request->directory, 0777) != 0)
        return mps_throw(error, MPS_ERROR_OPEN, "%s: %s", request->directory, g_strerror(errno));
    mps_query_bind_int(query, 1, request->connection_id);
    while (mps_query_next(query))
        if (!draw_connection(db, request, scripts, mps_query_int(query, "connection_id"), files,
                             error))
            return false;
    return mps_query_finish(query, error);
}

bool mps_view_plot_svg(sqlite3 *db, const MpsPlotRequest *request, const char *direction,
                       char **svg, GError **error)
{
    g_autofree char *scripts = find_scripts(error);
    bool found = false;

    *svg = NULL;
    if (!scripts || !check_program("gnuplot", error) || !check_program("sqlite3", error))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(plots); i++) {
        if (strcmp(request->kind, plots[i].name) != 0)
            continue;
        if (!has_data(db, &plots[i], request->connection_id, direction, &found, error))
            return false;
        if (found && !draw(scripts, &plots[i], request->database, request->connection_id, direction,
                           "svg", request->scratch, error))
            return false;
    }
    return !found || g_file_get_contents(request->scratch, svg, NULL, error);
}
