/* view_plot.c - runs gnuplot on the scripts of plots/, one process per figure.  The scripts read
 * the database themselves, through the sqlite3 program: a figure can be redrawn and restyled by
 * hand. */
#include "views/views.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <glib/gstdio.h>

#include <mptcpscope/error.h>

#include "views/gnuplot.h"
#include "views/parts.h"
#include "views/plot_kept.h"
#include "views/plot_labels.h"
#include "views/query.h"

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
static const char *const formats[] = {"png", "svg", "pdf"};

bool mps_view_plot_wants(const char *choice, const char *format)
{
    return strcmp(choice, "all") == 0 || strcmp(choice, format) == 0 ||
           (strcmp(choice, "both") == 0 && strcmp(format, "pdf") != 0);
}

/* Whether @name is one of @kinds, "sequence,rtt". */
static bool is_among(const char *kinds, const char *name)
{
    g_auto(GStrv) all = g_strsplit(kinds, ",", -1);

    return g_strv_contains((const char *const *)all, name);
}

/* Whether all @kinds (NULL: none) are among @names. */
static bool check_kinds(const char *kinds, const char *const *names, const char *where,
                        GError **error)
{
    g_auto(GStrv) all = g_strsplit(kinds ? kinds : names[0], ",", -1);
    g_autofree char *known = g_strjoinv(", ", (char **)(uintptr_t)names);

    for (char **kind = all; *kind; kind++)
        if (!g_strv_contains(names, *kind))
            return mps_throw(error, MPS_ERROR_USAGE, "no figure '%s'%s; there are %s", *kind, where,
                             known);
    return *all || mps_throw(error, MPS_ERROR_USAGE, "no figure is named; there are %s", known);
}

bool mps_view_plot_check(const char *kinds, const char *format, GError **error)
{
    const char *names[G_N_ELEMENTS(plots) + 1] = {NULL};

    if (!mps_view_plot_wants(format, "png") && !mps_view_plot_wants(format, "svg") &&
        !mps_view_plot_wants(format, "pdf"))
        return mps_throw(error, MPS_ERROR_USAGE, "no format '%s': png, svg, pdf, both or all",
                         format);
    for (size_t i = 0; i < G_N_ELEMENTS(plots); i++)
        names[i] = plots[i].name;
    return check_kinds(kinds, names, "", error);
}

/* One figure of one direction. */
typedef struct {
    const MpsPlotRequest *request;
    const Plot *plot;
    const char *scripts, *direction;
    char *labels; /* SQL */
    int64_t connection_id;
} Drawing;

/* The environment of the script.  @file: what gnuplot is to draw to; NULL: its standard output. */
static GSubprocessLauncher *launcher_of(const Drawing *self, const char *format, const char *file)
{
    GSubprocessLauncher *const launcher = mps_gnuplot_launcher(
        (file ? G_SUBPROCESS_FLAGS_STDOUT_SILENCE : G_SUBPROCESS_FLAGS_STDOUT_PIPE) |
        G_SUBPROCESS_FLAGS_STDERR_PIPE);
    g_autofree char *figures = g_build_filename(self->scripts, "figures.sql", NULL);
    g_autofree char *number = g_strdup_printf("%" PRId64, self->connection_id);

    g_subprocess_launcher_setenv(launcher, "DATA", self->request->database, TRUE);
    g_subprocess_launcher_setenv(launcher, "CONNECTION", number, TRUE);
    g_subprocess_launcher_setenv(launcher, "DIRECTION", self->direction, TRUE);
    g_subprocess_launcher_setenv(launcher, "LABELS", self->labels, TRUE);
    g_subprocess_launcher_setenv(launcher, "FORMAT", format, TRUE);
    g_subprocess_launcher_setenv(launcher, "OUT", file ? file : "/dev/stdout", TRUE);
    g_subprocess_launcher_setenv(launcher, "FIGURES", figures, TRUE);
    g_subprocess_launcher_setenv(launcher, "GNUPLOT_LIB", self->scripts, TRUE);
    g_subprocess_launcher_unsetenv(launcher, "KEEP");
    return launcher;
}

/* Runs the script.  @rows:
 * file to which the rows drawn are added, or NULL. */
static bool draw(const Drawing *self, const char *format, const char *file, const char *rows,
                 GError **error)
{
    g_autoptr(GSubprocessLauncher) launcher = launcher_of(self, format, file);
    g_autofree char *script_name = g_strconcat(self->plot->name, ".gp", NULL);
    g_autofree char *script = g_build_filename(self->scripts, script_name, NULL);
    g_autofree char *words = NULL;
    g_autoptr(GSubprocess) gnuplot = NULL;
    g_autoptr(GError) reason = NULL;

    if (rows)
        g_subprocess_launcher_setenv(launcher, "KEEP", rows, TRUE);
    gnuplot = g_subprocess_launcher_spawn(launcher, &reason, "gnuplot", "-d", script, NULL);
    if (!gnuplot || !g_subprocess_communicate_utf8(gnuplot, NULL, NULL, NULL, &words, &reason))
        return mps_throw(error, MPS_ERROR_TOOL, "gnuplot: %s", reason->message);
    if (g_subprocess_get_successful(gnuplot) && mps_gnuplot_is_complete(file, format))
        return true;
    return mps_gnuplot_blame(words, error);
}

/* Gives @scratch its name @file. */
static bool keep(const char *scratch, const char *file, GError **error)
{
    return g_rename(scratch, file) == 0 ||
           mps_throw(error, MPS_ERROR_STORE, "%s: %s", file, g_strerror(errno));
}

static bool may_write(const MpsPlotRequest *request, const char *file, GError **error)
{
    return !request->may_write || request->may_write(file, request->user, error);
}

/* connection-N-NAME-DIRECTION.@extension in the directory of the request. */
static char *name_of(const Drawing *self, const char *extension)
{
    g_autofree char *name = g_strdup_printf("connection-%" PRId64 "-%s-%s.%s", self->connection_id,
                                            self->plot->name, self->direction, extension);

    return g_build_filename(self->request->directory, name, NULL);
}

static bool draw_file(const Drawing *self, const char *format, const char *scratch,
                      const char *rows, GPtrArray *files, GError **error)
{
    g_autofree char *file = name_of(self, format);

    if (!may_write(self->request, file, error))
        return false;
    (void)g_unlink(scratch);
    if (!draw(self, format, scratch, rows, error)) {
        g_prefix_error(error, "%s: ", file);
        return false;
    }
    if (!keep(scratch, file, error))
        return false;
    g_ptr_array_add(files, g_steal_pointer(&file));
    return true;
}

/* Writes the rows drawn and the script that draws them again beside the figure. */
static bool keep_beside(const Drawing *self, const char *rows, GError **error)
{
    const MpsPlotRequest *const request = self->request;
    const MpsKept kept = {
        .scripts = self->scripts,
        .name = self->plot->name,
        .database = request->passing ? NULL : request->database,
        .direction = self->direction,
        .labels = self->labels,
        .connection_id = self->connection_id,
    };
    g_autofree char *data = name_of(self, "tsv"), *script = name_of(self, "gp");

    return may_write(request, data, error) && may_write(request, script, error) &&
           keep(rows, data, error) && mps_kept_write(&kept, script, error);
}

/* Draws in the wanted formats.  The rows come from the first one: they are the same in all. */
static bool draw_formats(const Drawing *self, GPtrArray *files, GError **error)
{
    const MpsPlotRequest *const request = self->request;
    g_autofree char *scratch = g_canonicalize_filename(request->scratch, NULL);
    g_autofree char *rows = request->rows ? g_canonicalize_filename(request->rows, NULL) : NULL;
    bool drawn = true, first = true;

    if (rows)
        (void)g_unlink(rows);
    for (size_t i = 0; drawn && i < G_N_ELEMENTS(formats); i++) {
        if (!mps_view_plot_wants(request->format, formats[i]))
            continue;
        drawn = draw_file(self, formats[i], scratch, first ? rows : NULL, files, error);
        first = false;
    }
    if (drawn && rows)
        drawn = keep_beside(self, rows, error);
    if (!drawn) {
        (void)g_unlink(scratch);
        if (rows)
            (void)g_unlink(rows);
    }
    return drawn;
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
    g_autofree char *labels = mps_labels_sql(db, request->labels, connection_id, error);
    g_autoptr(GString) missing = g_string_new(NULL);
    bool any = false;

    if (!labels)
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(plots); i++) {
        const Drawing drawing = {request, &plots[i], scripts, direction, labels, connection_id};
        bool found = false;

        if (request->kind && !is_among(request->kind, plots[i].name))
            continue;
        if (!has_data(db, &plots[i], connection_id, direction, &found, error))
            return false;
        if (!found && *plots[i].title)
            g_string_append_printf(missing, ", %s", plots[i].title);
        else if (found && !draw_formats(&drawing, files, error))
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

/* ---- as text ---- */

/* Figures that terminal.gp draws; the first two unless one is chosen. */
static const char *const as_text[] = {"sequence", "throughput", "rtt", "flight", NULL};
#define AS_TEXT_UNASKED 2

bool mps_view_plot_term_check(const char *kinds, GError **error)
{
    return check_kinds(kinds, as_text, " in the terminal", error);
}

/* Without the form feed that gnuplot begins with, and the spaces that it fills lines with. */
static void print_text(const char *text, FILE *out)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line; line++)
        if (!strchr(*line, '\f'))
            fprintf(out, "%s\n", g_strchomp(*line));
}

static bool draw_text(const Drawing *self, FILE *out, GError **error)
{
    g_autoptr(GSubprocessLauncher) launcher = launcher_of(self, "term", NULL);
    g_autofree char *script = g_build_filename(self->scripts, "terminal.gp", NULL);
    g_autofree char *words = NULL, *text = NULL;
    g_autoptr(GSubprocess) gnuplot = NULL;
    g_autoptr(GError) reason = NULL;

    g_subprocess_launcher_setenv(launcher, "KIND", self->plot->name, TRUE);
    gnuplot = g_subprocess_launcher_spawn(launcher, &reason, "gnuplot", "-d", script, NULL);
    if (!gnuplot || !g_subprocess_communicate_utf8(gnuplot, NULL, NULL, &text, &words, &reason))
        return mps_throw(error, MPS_ERROR_TOOL, "gnuplot: %s", reason->message);
    if (!g_subprocess_get_successful(gnuplot))
        return mps_gnuplot_blame(words, error);
    fprintf(out, "Connection %" PRId64 ", %s: %s\n", self->connection_id, self->direction,
            self->plot->title);
    print_text(text, out);
    return true;
}

static const Plot *find_plot(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(plots); i++)
        if (strcmp(plots[i].name, name) == 0)
            return &plots[i];
    g_assert_not_reached();
}

static bool draw_texts(sqlite3 *db, const MpsPlotRequest *request, const char *scripts,
                       int64_t connection_id, const char *direction, FILE *out, GError **error)
{
    g_autofree char *labels = mps_labels_sql(db, request->labels, connection_id, error);

    if (!labels)
        return false;
    for (size_t i = 0; as_text[i]; i++) {
        const Plot *const plot = find_plot(as_text[i]);
        const Drawing drawing = {request, plot, scripts, direction, labels, connection_id};
        bool found = false;

        if (request->kind ? !is_among(request->kind, as_text[i]) : i >= AS_TEXT_UNASKED)
            continue;
        if (!has_data(db, plot, connection_id, direction, &found, error) ||
            (found && !draw_text(&drawing, out, error)))
            return false;
    }
    return true;
}

static bool check_amount(sqlite3 *db, const MpsPlotRequest *request, GError **error)
{
    int64_t n = 0;

    if (!mps_view_check_connection(db, request->connection_id, error) ||
        !mps_query_single(db, "SELECT count(*) FROM connection WHERE ?1 < 0 OR connection_id = ?1",
                          request->connection_id, &n, error))
        return false;
    if (n > CONNECTIONS_MAX)
        return mps_throw(error, MPS_ERROR_USAGE, "%" PRId64 " connections: choose one with -c", n);
    if (n == 0 && !request->quiet)
        g_printerr("mptcpscope: no MPTCP connection, no figure\n");
    return true;
}

/* The connections that are wanted, if there is all that drawing needs, and not too much to draw;
 * otherwise NULL. */
static MpsQuery *to_draw(sqlite3 *db, const MpsPlotRequest *request, GError **error)
{
    MpsQuery *query;

    if (!mps_gnuplot_check("gnuplot", error) || !mps_gnuplot_check("sqlite3", error) ||
        !check_amount(db, request, error))
        return NULL;
    query = mps_query_new(db, "SELECT connection_id FROM connection"
                              " WHERE ?1 < 0 OR connection_id = ?1 ORDER BY connection_id");
    mps_query_bind_int(query, 1, request->connection_id);
    return query;
}

bool mps_view_plot(sqlite3 *db, const MpsPlotRequest *request, GPtrArray *files, GError **error)
{
    g_autofree char *scripts = mps_gnuplot_scripts(error);
    g_autoptr(MpsQuery) query = scripts ? to_draw(db, request, error) : NULL;

    if (!query)
        return false;
    if (g_mkdir_with_parents(request->directory, 0777) != 0)
        return mps_throw(error, MPS_ERROR_OPEN, "%s: %s", request->directory, g_strerror(errno));
    if (request->rows && !mps_kept_common(request, scripts, error))
        return false;
    while (mps_query_next(query))
        if (!draw_connection(db, request, scripts, mps_query_int(query, "connection_id"), files,
                             error))
            return false;
    return mps_query_finish(query, error);
}

bool mps_view_plot_term(sqlite3 *db, const MpsPlotRequest *request, FILE *out, GError **error)
{
    g_autofree char *scripts = mps_gnuplot_scripts(error);
    g_autoptr(MpsQuery) query = scripts ? to_draw(db, request, error) : NULL;

    if (!query)
        return false;
    while (mps_query_next(query))
        for (size_t i = 0; i < G_N_ELEMENTS(directions); i++)
            if (!draw_texts(db, request, scripts, mps_query_int(query, "connection_id"),
                            directions[i], out, error))
                return false;
    return mps_query_finish(query, error);
}

bool mps_view_plot_svg(sqlite3 *db, const MpsPlotRequest *request, const char *direction,
                       char **svg, GError **error)
{
    g_autofree char *scripts = mps_gnuplot_scripts(error);
    g_autofree char *labels = NULL;
    const Plot *const plot = find_plot(request->kind);
    bool found = false;

    *svg = NULL;
    if (!scripts || !mps_gnuplot_check("gnuplot", error) || !mps_gnuplot_check("sqlite3", error))
        return false;
    labels = mps_labels_sql(db, request->labels, request->connection_id, error);
    if (!labels || !has_data(db, plot, request->connection_id, direction, &found, error))
        return false;

    const Drawing drawing = {request, plot, scripts, direction, labels, request->connection_id};

    if (found && !draw(&drawing, "svg", request->scratch, NULL, error))
        return false;
    return !found || g_file_get_contents(request->scratch, svg, NULL, error);
}
