/* test_views_plot.c - draws every figure of a real capture.  Skips what is not installed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>
#include <glib/gstdio.h>

#include <mptcpscope/error.h>

#include "pipeline/pipeline.h"
#include "views/views.h"

static char *directory, *database, *scratch;

static sqlite3 *analyze(void)
{
    static const char *const captures[] = {"testdata/lab/path-down/client.pcap", NULL};
    const MpsAnalysis analysis = {
        .paths = captures,
        .output = database,
        .force = true,
        .command_line = "test",
    };
    MpsOutcome outcome = {0};
    g_autoptr(GError) error = NULL;
    sqlite3 *db = NULL;

    db = mps_pipeline_analyze(&analysis, &outcome, &error);
    g_assert_no_error(error);
    return db;
}

static bool tools_are_here(void)
{
    g_autofree char *gnuplot = g_find_program_in_path("gnuplot");
    g_autofree char *sqlite = g_find_program_in_path("sqlite3");

    if (!gnuplot || !sqlite)
        g_test_skip("gnuplot or sqlite3 is not installed");
    return gnuplot && sqlite;
}

/* Connection 1 has data from the client only: nine figures, in two formats. */
static void figures(void)
{
    sqlite3 *db = tools_are_here() ? analyze() : NULL;
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    const MpsPlotRequest request = {
        .database = database,
        .format = "both",
        .directory = directory,
        .scratch = scratch,
        .connection_id = 1,
        .quiet = true,
    };

    if (!db)
        return;
    mps_view_plot(db, &request, files, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(files->len, ==, 18);
    for (unsigned i = 0; i < files->len; i++) {
        g_assert_nonnull(strstr(files->pdata[i], "/connection-1-"));
        g_assert_nonnull(strstr(files->pdata[i], "-c2s."));
        g_assert_cmpint(g_unlink(files->pdata[i]), ==, 0);
    }
    sqlite3_close(db);
}

/* The scripts' numbers are those of the database. */
static void titles(void)
{
    sqlite3 *db = tools_are_here() ? analyze() : NULL;
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    g_autofree char *svg = NULL;
    const MpsPlotRequest request = {
        .database = database,
        .kind = "sequence",
        .format = "svg",
        .directory = directory,
        .scratch = scratch,
        .connection_id = 1,
        .quiet = true,
    };

    if (!db)
        return;
    mps_view_plot(db, &request, files, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(files->len, ==, 1);
    g_assert_true(g_file_get_contents(files->pdata[0], &svg, NULL, NULL));
    g_assert_nonnull(strstr(svg, "40.2 kB of 220 kB are reinjected on another subflow"));
    g_assert_nonnull(strstr(svg, "10.0.2.1:45089"));
    g_unlink(files->pdata[0]);
    sqlite3_close(db);
}

/* Beside a figure lies a script that draws the same picture again, with the names of the paths. */
static void kept(void)
{
    sqlite3 *db = tools_are_here() ? analyze() : NULL;
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    g_autofree char *rows = g_build_filename(directory, "rows", NULL);
    g_autofree char *before = NULL, *after = NULL, *pdf = NULL;
    static const char *const labels[] = {"10.0.1.0/24=Wi-Fi", "10.0.2.1=it's `LTE`", NULL};
    static const char *const argv[] = {"gnuplot", "-d", "connection-1-share-c2s.gp", NULL};
    static const char *const kept_files[] = {"connection-1-share-c2s.gp",
                                             "connection-1-share-c2s.tsv",
                                             "connection-1-share-c2s.svg",
                                             "connection-1-share-c2s.pdf",
                                             "connection-1-share-c2s.png",
                                             "style.gpi",
                                             "figures.sql"};
    const MpsPlotRequest request = {
        .database = database,
        .kind = "share",
        .format = "all",
        .directory = directory,
        .scratch = scratch,
        .rows = rows,
        .connection_id = 1,
        .labels = labels,
        .quiet = true,
    };

    if (!db)
        return;
    mps_view_plot(db, &request, files, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(files->len, ==, 3);
    g_assert_true(g_file_get_contents(files->pdata[1], &before, NULL, NULL));
    g_assert_nonnull(strstr(before, "it's `LTE`"));
    g_assert_true(g_file_get_contents(files->pdata[2], &pdf, NULL, NULL));
    g_assert_true(g_str_has_prefix(pdf, "%PDF"));
    g_unlink(files->pdata[1]);
    g_assert_true(g_spawn_sync(directory, (char **)argv, NULL,
                               G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL,
                               NULL, NULL, &error));
    g_assert_no_error(error);
    g_assert_true(g_file_get_contents(files->pdata[1], &after, NULL, NULL));
    g_assert_cmpstr(before, ==, after);
    for (size_t i = 0; i < G_N_ELEMENTS(kept_files); i++) {
        g_autofree char *file = g_build_filename(directory, kept_files[i], NULL);

        g_assert_cmpint(g_unlink(file), ==, 0);
    }
    sqlite3_close(db);
}

static void labels(void)
{
    static const struct {
        const char *label;
        bool good;
    } cases[] = {
        {"10.0.1.0/24=Wi-Fi", true},
        {"fd00::/16=LTE", true},
        {"10.0.1.1=a", true},
        {"10.0.1.0/24=", false},
        {"10.0.1.0/24", false},
        {"10.0.1.0/99=a", false},
        {"=a", false},
        {"10.0.1.1=a\nb", false},
        {"10.0.1.1=a\\", false},
        {"10.0.1.1=a name that is much too long", false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *const list[] = {cases[i].label, NULL};
        g_autoptr(GError) error = NULL;

        g_assert_true(mps_view_plot_check_labels(list, &error) == cases[i].good);
        g_assert_true((error == NULL) == cases[i].good);
    }
}

/* Every reinjection has a mark, or the legend says how many share one. */
static void reinjections(void)
{
    sqlite3 *db = tools_are_here() ? analyze() : NULL;
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    g_autofree char *few = NULL, *many = NULL;
    sqlite3 *writable = NULL;
    const MpsPlotRequest request = {
        .database = database,
        .kind = "sequence",
        .format = "svg",
        .directory = directory,
        .scratch = scratch,
        .connection_id = 1,
        .quiet = true,
    };

    if (!db)
        return;
    mps_view_plot(db, &request, files, &error);
    g_assert_no_error(error);
    g_assert_true(g_file_get_contents(files->pdata[0], &few, NULL, NULL));
    g_assert_nonnull(strstr(few, "on another subflow (29), from its origin"));
    g_assert_nonnull(strstr(few, " segments in "));
    g_assert_cmpint(sqlite3_open(database, &writable), ==, SQLITE_OK);
    for (int i = 0; i < 12; i++) /* 29 * 2^12 */
        g_assert_cmpint(sqlite3_exec(writable, "INSERT INTO reinjection SELECT * FROM reinjection",
                                     NULL, NULL, NULL),
                        ==, SQLITE_OK);
    sqlite3_close(writable);
    mps_view_plot(db, &request, files, &error);
    g_assert_no_error(error);
    g_assert_true(g_file_get_contents(files->pdata[0], &many, NULL, NULL));
    g_assert_nonnull(strstr(many, "on another subflow (118784, in "));
    g_assert_cmpuint(strlen(many), <, 1000000);
    g_unlink(files->pdata[0]);
    sqlite3_close(db);
}

/* As text, with the words of the other pictures. */
static void terminal(void)
{
    sqlite3 *db = tools_are_here() ? analyze() : NULL;
    g_autoptr(GError) error = NULL;
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *out = open_memstream(&text, &n_bytes);
    const MpsPlotRequest request = {
        .database = database, .kind = "sequence", .connection_id = 1, .quiet = true};

    if (db) {
        mps_view_plot_term(db, &request, out, &error);
        g_assert_no_error(error);
    }
    fclose(out);
    if (db) {
        g_assert_nonnull(strstr(text, "40.2 kB of 220 kB are reinjected"));
        g_assert_nonnull(strstr(text, "BBB"));
    }
    free(text);
    sqlite3_close(db);
}

static bool refuse(const char *file, void *user, GError **error)
{
    g_assert_true(user == database);
    g_assert_true(g_str_has_suffix(file, "/connection-1-share-c2s.png"));
    return mps_throw(error, MPS_ERROR_USAGE, "no");
}

/* A file that must not be written is not touched, and nothing is left where it was to be drawn. */
static void refused(void)
{
    sqlite3 *db = tools_are_here() ? analyze() : NULL;
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *file = g_build_filename(directory, "connection-1-share-c2s.png", NULL);
    g_autoptr(GError) error = NULL;
    const MpsPlotRequest request = {
        .database = database,
        .kind = "share",
        .format = "png",
        .directory = directory,
        .scratch = scratch,
        .connection_id = 1,
        .may_write = refuse,
        .user = database,
    };

    if (!db)
        return;
    g_assert_false(mps_view_plot(db, &request, files, &error));
    g_assert_error(error, MPS_ERROR, MPS_ERROR_USAGE);
    g_assert_false(g_file_test(file, G_FILE_TEST_EXISTS));
    g_assert_false(g_file_test(scratch, G_FILE_TEST_EXISTS));
    sqlite3_close(db);
}

/* Connection 1 has no data from the server: not worth a note beside the other direction. */
static void notes(void)
{
    if (g_test_subprocess()) {
        sqlite3 *db = analyze();
        g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GError) error = NULL;
        const MpsPlotRequest request = {
            .database = database,
            .kind = "share",
            .format = "svg",
            .directory = directory,
            .scratch = scratch,
            .connection_id = 1,
        };

        mps_view_plot(db, &request, files, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(files->len, ==, 1);
        g_unlink(files->pdata[0]);
        sqlite3_exec(db,
                     "CREATE TEMP TABLE connection_direction AS"
                     " SELECT connection_id, direction, 0 AS data_bytes"
                     " FROM main.connection_direction",
                     NULL, NULL, NULL);
        mps_view_plot(db, &request, files, &error);
        g_assert_no_error(error);
        sqlite3_close(db);
        return;
    }
    if (!tools_are_here())
        return;
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_passed();
    g_test_trap_assert_stderr("mptcpscope: connection 1 has no data to draw\n");
}

static void no_connection(void)
{
    sqlite3 *db = tools_are_here() ? analyze() : NULL;
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    const MpsPlotRequest request = {.database = database,
                                    .format = "png",
                                    .directory = directory,
                                    .scratch = scratch,
                                    .connection_id = 99};

    if (!db)
        return;
    g_assert_false(mps_view_plot(db, &request, files, &error));
    g_assert_error(error, MPS_ERROR, MPS_ERROR_ABSENT);
    sqlite3_close(db);
}

static void no_scripts(void)
{
    sqlite3 *db = tools_are_here() ? analyze() : NULL;
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    const MpsPlotRequest request = {.database = database,
                                    .format = "png",
                                    .directory = directory,
                                    .scratch = scratch,
                                    .connection_id = 1};

    if (!db)
        return;
    g_setenv("MPTCPSCOPE_PLOTS", directory, TRUE);
    g_assert_false(mps_view_plot(db, &request, files, &error));
    g_assert_error(error, MPS_ERROR, MPS_ERROR_TOOL);
    sqlite3_close(db);
}

int main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_setenv("MPTCPSCOPE_PLOTS", "plots", TRUE); /* tests run in the project's root */
    directory = g_dir_make_tmp("mptcpscope-XXXXXX", NULL);
    database = g_build_filename(directory, "a $(x) \"b\".db", NULL);
    scratch = g_build_filename(directory, "scratch", NULL);
    g_test_add_func("/views/plot/figures", figures);
    g_test_add_func("/views/plot/kept", kept);
    g_test_add_func("/views/plot/labels", labels);
    g_test_add_func("/views/plot/reinjections", reinjections);
    g_test_add_func("/views/plot/terminal", terminal);
    g_test_add_func("/views/plot/refused", refused);
    g_test_add_func("/views/plot/notes", notes);
    g_test_add_func("/views/plot/titles", titles);
    g_test_add_func("/views/plot/no-connection", no_connection);
    g_test_add_func("/views/plot/no-scripts", no_scripts);

    const int status = g_test_run();

    g_unlink(database);
    g_rmdir(directory);
    g_free(database);
    g_free(scratch);
    g_free(directory);
    return status;
}
