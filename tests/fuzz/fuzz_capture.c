/* fuzz_capture.c - any bytes as a capture file, through the whole program.  Promises: the run ends
 * with a database or an error, and the database keeps the laws of tests/truth/conservation.sql.
 * Run it in the project's root, where it finds them. */
#define _GNU_SOURCE /* memfd_create */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <glib.h>

#include "pipeline/pipeline.h"

static const char LAWS[] = "tests/truth/conservation.sql";

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n_bytes, size_t max_bytes, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t n_bytes, size_t max_bytes) __attribute__((weak));

static char *laws;

static void say_nothing(const char *text G_GNUC_UNUSED)
{
}

int LLVMFuzzerInitialize(int *argc G_GNUC_UNUSED, char ***argv G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;

    g_set_printerr_handler(say_nothing); /* a damaged file is no news here */
    if (!g_file_get_contents(LAWS, &laws, NULL, &error))
        g_error("%s", error->message);
    return 0;
}

static int broken(void *user G_GNUC_UNUSED, int n, char **values, char **names G_GNUC_UNUSED)
{
    for (int i = 0; i < n; i++)
        fprintf(stderr, "%s%s", i ? ": " : "", values[i] ? values[i] : "NULL");
    fputc('\n', stderr);
    abort(); /* g_error() would raise SIGTRAP, which libFuzzer does not catch */
}

static void assert_laws(sqlite3 *db)
{
    char *reason = NULL;

    if (sqlite3_exec(db, laws, broken, NULL, &reason) != SQLITE_OK)
        g_error("%s: %s", LAWS, reason);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    const int fd = memfd_create("capture", 0);
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
    const MpsAnalysis analysis = {
        .paths = (const char *const[]){path, NULL},
        .command_line = "",
        .verify_checksums = n_bytes % 2, /* of one input in two */
    };
    g_autoptr(GError) error = NULL;
    MpsOutcome outcome = {0};

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(write(fd, data, n_bytes), ==, (gssize)n_bytes);

    sqlite3 *db = mps_pipeline_analyze(&analysis, &outcome, &error);

    g_assert_true((db == NULL) == (error != NULL));
    if (db)
        assert_laws(db);
    g_assert_cmpint(sqlite3_close(db), ==, SQLITE_OK);
    close(fd);
    return 0;
}

/* ---- the mutator: works on the packets of a classic pcap file, so that most mutants still are
 * captures.  Packets are changed inside, dropped, doubled, swapped, moved in time. ---- */

enum { FILE_HEADER = 24, RECORD_HEADER = 16, MAX_RECORDS = 4096 };

/* Offsets of the records, and of the end; returns how many records there are. */
static size_t find_records(const uint8_t *data, size_t n_bytes, size_t *at)
{
    size_t n = 0, here = FILE_HEADER;

    while (n < MAX_RECORDS && here + RECORD_HEADER <= n_bytes) {
        uint32_t captured;

        memcpy(&captured, data + here + 8, sizeof captured); /* little endian, as the seeds are */
        if (captured > n_bytes - here - RECORD_HEADER)
            break;
        at[n++] = here;
        here += RECORD_HEADER + captured;
    }
    at[n] = here;
    return n;
}

static size_t insert_copy(uint8_t *data, size_t n_bytes, size_t max_bytes, size_t to, size_t from,
                          size_t length)
{
    g_autofree uint8_t *copy = g_memdup2(data + from, length);

    if (n_bytes + length > max_bytes)
        return n_bytes;
    memmove(data + to + length, data + to, n_bytes - to);
    memcpy(data + to, copy, length);
    return n_bytes + length;
}

static size_t erase(uint8_t *data, size_t n_bytes, size_t at, size_t length)
{
    memmove(data + at, data + at + length, n_bytes - at - length);
    return n_bytes - length;
}

static void move_in_time(uint8_t *record, GRand *rand)
{
    uint32_t seconds;

    memcpy(&seconds, record, sizeof seconds);
    seconds += (uint32_t)g_rand_int_range(rand, 0, g_rand_boolean(rand) ? 3 : 10000);
    memcpy(record, &seconds, sizeof seconds);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n_bytes, size_t max_bytes, unsigned seed)
{
    GRand *rand = g_rand_new_with_seed(seed);
    g_autofree size_t *at = g_new(size_t, MAX_RECORDS + 1);
    const size_t n = n_bytes >= FILE_HEADER ? find_records(data, n_bytes, at) : 0;

    if (n < 2 || g_rand_int_range(rand, 0, 20) == 0) {
        g_rand_free(rand);
        return LLVMFuzzerMutate(data, n_bytes, max_bytes);
    }

    const size_t one = (size_t)g_rand_int_range(rand, 0, (gint32)n);
    const size_t two = (size_t)g_rand_int_range(rand, 0, (gint32)n);
    const size_t length = at[one + 1] - at[one];
    const int what = g_rand_int_range(rand, 0, 9);

    if (what == 0) {
        n_bytes = erase(data, n_bytes, at[one], length);
    } else if (what == 1) {
        n_bytes = insert_copy(data, n_bytes, max_bytes, at[two], at[one], length);
    } else if (what == 2 && one != two) { /* move */
        n_bytes = insert_copy(data, n_bytes, max_bytes, at[two], at[one], length);
        n_bytes = erase(data, n_bytes, at[one] + (two <= one ? length : 0), length);
    } else if (what == 3) {
        move_in_time(data + at[one], rand);
    } else if (length > RECORD_HEADER) { /* mostly inside the TCP header and its options */
        const size_t packet = length - RECORD_HEADER;
        const size_t skip = packet > 24 && g_rand_boolean(rand) ? 20 : 0;
        const size_t from = skip + (size_t)g_rand_int_range(rand, 0, (gint32)(packet - skip));
        const size_t some = MIN(packet - from, (size_t)g_rand_int_range(rand, 1, 9));
        uint8_t *bytes = data + at[one] + RECORD_HEADER + from;

        if (what < 6) {
            LLVMFuzzerMutate(bytes, some, some);
        } else if (what == 6) { /* numbers a little off: sequence numbers, lengths */
            bytes[0] = (uint8_t)(bytes[0] + g_rand_int_range(rand, -3, 4));
        } else { /* the same field of another packet */
            const size_t other = at[two + 1] - at[two] - RECORD_HEADER;

            if (from + some <= other)
                memcpy(bytes, data + at[two] + RECORD_HEADER + from, some);
        }
    }
    g_rand_free(rand);
    return n_bytes;
}
