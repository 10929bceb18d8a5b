/* test_cuts.c - captures cut at both ends: every window of every committed kernel capture is
 * analyzed and balances.  Handshakes, first mappings and ends are missing in all combinations. */
#include <string.h>

#include <glib.h>
#include <glib/gstdio.h>
#include <pcap/pcap.h>

#include "pipeline/pipeline.h"

static char *cut_path;

/* Writes the packets [first, end) of @path to cut_path; returns how many @path has. */
static guint cut(const char *path, guint first, guint end)
{
    char reason[PCAP_ERRBUF_SIZE];
    pcap_t *in = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, reason);
    pcap_dumper_t *out = in ? pcap_dump_open(in, cut_path) : NULL;
    struct pcap_pkthdr *header;
    const u_char *bytes;
    guint n = 0;

    g_assert_nonnull(out);
    for (; pcap_next_ex(in, &header, &bytes) == 1; n++)
        if (n >= first && n < end)
            pcap_dump((u_char *)out, header, bytes);
    pcap_dump_close(out);
    pcap_close(in);
    return n;
}

static int64_t ask(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int64_t number = -1;

    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

static void analyze(guint first, guint end)
{
    const char *const paths[] = {cut_path, NULL};
    const MpsAnalysis analysis = {.paths = paths, .command_line = "test"};
    MpsOutcome outcome = {0};
    g_autoptr(GError) error = NULL;
    sqlite3 *db = mps_pipeline_analyze(&analysis, &outcome, &error);

    g_assert_no_error(error);
    if (!db)
        return;

    const int64_t unbalanced =
        ask(db, "SELECT count(*) FROM connection_direction WHERE unique_bytes - unmapped_bytes"
                " - remapped_bytes <> data_bytes + reinjected_bytes - orphaned_bytes");
    const int64_t findings = ask(db, "SELECT count(sentence) FROM v_diagnosis");

    if (unbalanced != 0 || findings < ask(db, "SELECT count(*) FROM connection"))
        g_test_message("packets %u to %u: %" G_GINT64_FORMAT " unbalanced", first, end, unbalanced);
    g_assert_cmpint(unbalanced, ==, 0);
    /* at least how each connection ended */
    g_assert_cmpint(findings, >=, ask(db, "SELECT count(*) FROM connection"));
    sqlite3_close(db);
}

static void test_windows(gconstpointer data)
{
    const char *path = data;
    const guint n = cut(path, 0, 0);
    const guint lengths[] = {1, 3, 25, n};

    for (guint i = 0; i < G_N_ELEMENTS(lengths); i++) {
        const guint step = MAX(lengths[i] / 2, n / 4 + 1);

        for (guint first = 0; first < n; first += step) {
            cut(path, first, first + lengths[i]);
            analyze(first, first + lengths[i]);
        }
    }
}

int main(int argc, char **argv)
{
    const char *lab = "testdata/lab"; /* tests run in the project's root */
    g_autoptr(GDir) dir = g_dir_open(lab, 0, NULL);
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *directory = g_dir_make_tmp("mptcpscope-test-XXXXXX", NULL);
    const char *name;
    int status;

    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    cut_path = g_build_filename(directory, "cut.pcap", NULL);
    while (dir && (name = g_dir_read_name(dir))) {
        char *path = g_build_filename(lab, name, "client.pcap", NULL);
        g_autofree char *test = g_strconcat("/cuts/", name, NULL);

        g_ptr_array_add(paths, path);
        if (g_file_test(path, G_FILE_TEST_EXISTS))
            g_test_add_data_func(test, path, test_windows);
    }
    status = g_test_run();
    g_unlink(cut_path);
    g_rmdir(directory);
    g_free(cut_path);
    return status;
}
