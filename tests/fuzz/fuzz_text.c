/* fuzz_text.c - any bytes as a capture file, and every text that is printed about it: summary,
 * list, show, events, counters, check in all formats, export in all formats, compare, report, dump,
 * ladder.  Promises: see outputs.h. */
#define _GNU_SOURCE /* memfd_create */
#include <sys/mman.h>
#include <unistd.h>

#include "outputs.h"
#include "pipeline/pipeline.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

static void say_nothing(const char *text G_GNUC_UNUSED)
{
}

int LLVMFuzzerInitialize(int *argc G_GNUC_UNUSED, char ***argv G_GNUC_UNUSED)
{
    g_set_printerr_handler(say_nothing); /* a damaged file is no news here */
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    const int fd = memfd_create("capture", 0);
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
    const MpsAnalysis analysis = {
        .paths = (const char *const[]){path, NULL},
        .command_line = "a\x1b<b>\"c\",'d'",
        .tcp = n_bytes % 2, /* of one input in two */
        .dss_checksums = true,
    };
    g_autoptr(GError) error = NULL;
    MpsOutcome outcome = {0};

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(write(fd, data, n_bytes), ==, (gssize)n_bytes);

    sqlite3 *db = mps_pipeline_analyze(&analysis, &outcome, &error);

    if (db) {
        assert_views(db, n_bytes % 64);
        assert_packet_views(path);
    }
    sqlite3_close(db);
    close(fd);
    return 0;
}
