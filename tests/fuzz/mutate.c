/* mutate.c - captures with random damage through the whole program: bits flipped, packets cut,
 * dropped, doubled, swapped, moved in time, bytes of the file lost.  Promises are those of
 * fuzz_capture.c, which it is linked with: a database that keeps the laws, or an error.
 *
 * usage: mutate VARIANTS SEED DIRECTORY FILE...
 *
 * Variant n is made of file n modulo their number, always the same for the same seed.  The one at
 * work stands in DIRECTORY/variant: after a failure it is the one that failed. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

enum { FILE_HEADER = 24, RECORD_HEADER = 16, CHANGES_MAX = 12, HANG_S = 60 };

/* The records of a classic pcap file, in the order of the file; of anything else, none. */
typedef struct {
    GByteArray *header;
    GPtrArray *records; /* GByteArray, record header included */
    bool swapped;
} Capture;

static uint32_t get(const Capture *self, const uint8_t *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof value);
    return self->swapped ? GUINT32_SWAP_LE_BE(value) : value;
}

static void put(const Capture *self, uint8_t *at, uint32_t value)
{
    value = self->swapped ? GUINT32_SWAP_LE_BE(value) : value;
    memcpy(at, &value, sizeof value);
}

static GByteArray *bytes_of(const uint8_t *data, size_t n_bytes)
{
    return g_byte_array_append(g_byte_array_new(), data, (guint)n_bytes);
}

static void free_bytes(gpointer bytes)
{
    g_byte_array_unref(bytes);
}

static Capture take_apart(const uint8_t *data, size_t n_bytes)
{
    static const uint32_t magics[] = {0xa1b2c3d4, 0xa1b23c4d};
    Capture self = {.records = g_ptr_array_new_with_free_func(free_bytes)};
    uint32_t magic = 0;
    size_t at = FILE_HEADER;

    memcpy(&magic, data, MIN(n_bytes, sizeof magic));
    self.swapped = magic == GUINT32_SWAP_LE_BE(magics[0]) || magic == GUINT32_SWAP_LE_BE(magics[1]);
    if (!self.swapped && magic != magics[0] && magic != magics[1])
        at = n_bytes;
    self.header = bytes_of(data, MIN(at, n_bytes));
    while (at + RECORD_HEADER <= n_bytes) {
        const uint32_t captured = get(&self, data + at + 8);

        if (captured > n_bytes - at - RECORD_HEADER)
            break;
        g_ptr_array_add(self.records, bytes_of(data + at, RECORD_HEADER + captured));
        at += RECORD_HEADER + captured;
    }
    return self;
}

static GByteArray *put_together(Capture *self)
{
    GByteArray *whole = self->header;

    for (guint i = 0; i < self->records->len; i++) {
        const GByteArray *record = g_ptr_array_index(self->records, i);

        g_byte_array_append(whole, record->data, record->len);
    }
    g_ptr_array_unref(self->records);
    return whole;
}

static void flip_bits(GByteArray *bytes, guint from, GRand *rand)
{
    for (int n = g_rand_int_range(rand, 1, 5); n > 0 && bytes->len > from; n--)
        bytes->data[g_rand_int_range(rand, (gint32)from, (gint32)bytes->len)] ^=
            (uint8_t)(1 << g_rand_int_range(rand, 0, 8));
}

/* @wire: the packet itself is shorter; else it was only captured so. */
static void cut(const Capture *self, GByteArray *record, bool wire, GRand *rand)
{
    const uint32_t n_bytes =
        (uint32_t)g_rand_int_range(rand, 0, (gint32)(record->len - RECORD_HEADER) + 1);

    g_byte_array_set_size(record, RECORD_HEADER + n_bytes);
    put(self, record->data + 8, n_bytes);
    if (wire)
        put(self, record->data + 12, n_bytes);
}

static void move_in_time(const Capture *self, GByteArray *record, GRand *rand)
{
    static const gint32 by_s[] = {1, 3, 600, 100000, 2000000000};
    const uint32_t by = (uint32_t)by_s[g_rand_int_range(rand, 0, G_N_ELEMENTS(by_s))];
    const uint32_t seconds = get(self, record->data);

    put(self, record->data, g_rand_boolean(rand) ? seconds + by : seconds - by);
}

static void change(Capture *self, GRand *rand)
{
    GPtrArray *records = self->records;
    const guint one = (guint)g_rand_int_range(rand, 0, (gint32)records->len);
    const guint two = (guint)g_rand_int_range(rand, 0, (gint32)records->len);
    GByteArray *record = g_ptr_array_index(records, one);

    switch (g_rand_int_range(rand, 0, 9)) {
    case 0:
        g_ptr_array_remove_index(records, one);
        return;
    case 1:
        g_ptr_array_insert(records, (gint)two, bytes_of(record->data, record->len));
        return;
    case 2:
        records->pdata[one] = records->pdata[two];
        records->pdata[two] = record;
        return;
    case 3:
        move_in_time(self, record, rand);
        return;
    case 4:
    case 5:
        cut(self, record, g_rand_boolean(rand), rand);
        return;
    case 6: /* the lengths that the file states, too */
        flip_bits(record, 0, rand);
        return;
    default:
        flip_bits(record, RECORD_HEADER, rand);
    }
}

/* The file, or its header, is not whole. */
static void damage_file(GByteArray *bytes, GRand *rand)
{
    const gint32 what = g_rand_int_range(rand, 0, 12);

    if (bytes->len == 0)
        return;
    if (what == 0)
        g_byte_array_set_size(bytes, (guint)g_rand_int_range(rand, 0, (gint32)bytes->len));
    else if (what == 1)
        flip_bits(bytes, 0, rand);
    else if (what == 2)
        g_byte_array_remove_range(bytes, (guint)g_rand_int_range(rand, 0, (gint32)bytes->len), 1);
}

static GByteArray *variant(const char *path, GRand *rand)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *data = NULL;
    gsize n_bytes;

    if (!g_file_get_contents(path, &data, &n_bytes, &error))
        g_error("%s", error->message);

    Capture capture = take_apart((const uint8_t *)data, n_bytes);
    const gint32 n = g_rand_int_range(rand, 1, CHANGES_MAX + 1);

    for (gint32 i = 0; i < n && capture.records->len > 0; i++)
        change(&capture, rand);

    GByteArray *bytes = put_together(&capture);

    damage_file(bytes, rand);
    if (bytes->len > 0 && bytes->len <= FILE_HEADER)
        flip_bits(bytes, 0, rand);
    return bytes;
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        fputs("usage: mutate VARIANTS SEED DIRECTORY FILE...\n", stderr);
        return 2;
    }

    const guint64 n = g_ascii_strtoull(argv[1], NULL, 10);
    const guint64 seed = g_ascii_strtoull(argv[2], NULL, 10);
    g_autofree char *kept = g_build_filename(argv[3], "variant", NULL);
    const guint64 n_files = (guint64)argc - 4;

    LLVMFuzzerInitialize(&argc, &argv);
    for (guint64 i = 0; i < n; i++) {
        const char *path = argv[4 + i % n_files];
        const guint32 seeds[] = {(guint32)seed, (guint32)i};
        GRand *rand = g_rand_new_with_seed_array(seeds, G_N_ELEMENTS(seeds));
        g_autoptr(GByteArray) bytes = variant(path, rand);
        g_autoptr(GError) error = NULL;
        g_autofree uint8_t *own = g_memdup2(bytes->data, bytes->len); /* ASan sees overreads */

        g_rand_free(rand);
        if (!g_file_set_contents(kept, (const char *)bytes->data, bytes->len, &error))
            g_error("%s", error->message);
        printf("# variant %" G_GUINT64_FORMAT " of %s\n", i, path);
        fflush(stdout);
        (void)alarm(HANG_S);
        (void)LLVMFuzzerTestOneInput(own, bytes->len);
        (void)alarm(0);
    }
    (void)unlink(kept);
    return 0;
}
