/* test_cli.c - suggestions and output files. */
#include <errno.h>
#include <string.h>

#include <glib.h>
#include <glib/gstdio.h>

#include <mptcpscope/error.h>

#include "cli/output.h"
#include "cli/suggest.h"

static void suggestions(void)
{
    static const char *const names[] = {"analyze", "list",   "show", "plot",
                                        "export",  "schema", NULL};
    static const struct {
        const char *typed, *expected;
    } cases[] = {
        {"analize", "analyze"},
        {"analyse", "analyze"},
        {"lsit", "list"},
        {"sohw", "show"},
        {"an", "analyze"},
        {"polt", "plot"},
        {"frobnicate", NULL},
        {"", NULL},
        {"x", NULL},
        {"exports", "export"},
        {"ls", "list"},
        {"a-name-that-is-much-longer-than-any-command-could-be", NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpstr(mps_suggest(cases[i].typed, names), ==, cases[i].expected);
}

static char *directory;

static unsigned n_files(void)
{
    g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
    unsigned n = 0;

    while (g_dir_read_name(dir))
        n++;
    return n;
}

/* A file appears when it is committed, whole; it is replaced only when that is wanted. */
static void files(void)
{
    g_autofree char *path = g_build_filename(directory, "out", NULL);
    g_autofree char *content = NULL;
    g_autoptr(GError) error = NULL;
    MpsOutput *out = mps_output_open(path, false, &error);

    g_assert_no_error(error);
    fputs("dropped", out->stream);
    mps_output_free(out);
    g_assert_cmpuint(n_files(), ==, 0);

    out = mps_output_open(path, false, &error);
    fputs("kept", out->stream);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    g_assert_true(mps_output_commit(out, &error));
    mps_output_free(out);
    g_assert_true(g_file_get_contents(path, &content, NULL, NULL));
    g_assert_cmpstr(content, ==, "kept");
    g_assert_cmpuint(n_files(), ==, 1);

    g_assert_null(mps_output_open(path, false, &error));
    g_assert_error(error, MPS_ERROR, MPS_ERROR_OPEN);
    g_clear_error(&error);
    out = mps_output_open(path, true, &error);
    g_assert_no_error(error);
    mps_output_free(out);
    g_assert_cmpuint(n_files(), ==, 1);
    g_unlink(path);
}

static void full_disk(void)
{
    g_autoptr(GError) error = NULL;
    MpsOutput out = {.stream = g_fopen("/dev/full", "w")};

    if (!out.stream) {
        g_test_skip("no /dev/full");
        return;
    }
    fputs("lost", out.stream);
    g_assert_false(mps_output_commit(&out, &error));
    g_assert_error(error, MPS_ERROR, MPS_ERROR_STORE);
    g_assert_nonnull(strstr(error->message, g_strerror(ENOSPC)));
    fclose(out.stream);
}

int main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("mptcpscope-XXXXXX", NULL);
    g_test_add_func("/cli/suggestions", suggestions);
    g_test_add_func("/cli/output/files", files);
    g_test_add_func("/cli/output/full-disk", full_disk);

    const int status = g_test_run();

    g_rmdir(directory);
    g_free(directory);
    return status;
}
