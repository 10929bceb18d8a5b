/* test_views_plot.c - draws every figure of a real capture.  Skips what is not installed. */
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

/* Connection 1 has data from the client only: four figures, in two formats. */
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
    g_assert_cmpuint(files->len, ==, 8);
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
    g_assert_error(error, MPS_ERROR, MPS_ERROR_USAGE);
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
