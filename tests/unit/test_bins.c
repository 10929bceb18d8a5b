/* test_bins.c - the rows of a time line say what a recount of everything noted says, and are as
 * many as they may be. */
#include <glib.h>

#include "metrics/bins.h"

enum { MOST_NOTES = 4000, SUBFLOW = 7 };
enum { START = 3, WIDTH, PAYLOAD, DATA, SAMPLES = 9, ACKED = 11, FLIGHT, GAP = 19 };

static const int64_t FIRST_WIDTH_NS = 100 * 1000;

typedef struct {
    int64_t ts_ns;
    uint64_t bytes;
} Note;

typedef struct {
    MpsRowSink sink; /* first */
    const Note *notes;
    size_t n_notes, n_rows, noted; /* noted: notes of the rows so far */
    int64_t width_ns;
    bool whole;
} Recount;

static void check_row(MpsRowSink *sink, const MpsTable *table G_GNUC_UNUSED, const MpsValue *values)
{
    Recount *self = (Recount *)(void *)sink;
    const int64_t start_ns = values[START].i64, width_ns = values[WIDTH].i64;
    uint64_t n = 0, sum = 0, most = 0, last = 0;

    for (size_t i = 0; i < self->n_notes; i++) {
        const Note *note = &self->notes[i];

        if (note->ts_ns < start_ns || note->ts_ns >= start_ns + width_ns)
            continue;
        n++;
        sum += note->bytes;
        most = MAX(most, note->bytes);
        last = note->bytes;
    }
    g_assert_cmpuint(n, >, 0);
    g_assert_cmpint(values[DATA].i64, ==, (int64_t)sum);
    g_assert_cmpint(values[PAYLOAD].i64, ==, self->whole ? 0 : (int64_t)sum);
    g_assert_cmpint(values[SAMPLES].i64, ==, (int64_t)n);
    g_assert_cmpint(values[FLIGHT].i64, ==, (int64_t)most);
    g_assert_cmpint(values[ACKED].known, ==, self->whole);
    g_assert_cmpint(values[GAP].known, ==, self->whole);
    if (self->whole) {
        g_assert_cmpint(values[ACKED].i64, ==, (int64_t)last);
        g_assert_cmpint(values[GAP].i64, ==, (int64_t)most);
    }
    self->width_ns = width_ns;
    self->noted += n;
    self->n_rows++;
}

/* How many bins of @width_ns have notes. */
static size_t n_bins(const Note *notes, size_t n, int64_t width_ns)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

    for (size_t i = 0; i < n; i++)
        g_hash_table_add(seen, GSIZE_TO_POINTER((gsize)(notes[i].ts_ns / width_ns)));
    return g_hash_table_size(seen);
}

static void note(MpsBins *bins, const Note *note, bool whole)
{
    if (whole)
        (void)mps_bins_whole_at(bins, note->ts_ns);

    MpsBin *bin = mps_bins_at(bins, note->ts_ns);

    bin->data_bytes += note->bytes;
    mps_bin_flight(bin, note->bytes);
    mps_bin_rtt(bin, (int64_t)note->bytes);
    if (whole) {
        bin->acked = (int64_t)note->bytes;
        bin->any_acked = true;
        mps_bin_gap(bin, note->bytes);
    } else {
        bin->payload_bytes += note->bytes;
    }
}

/* @n notes, most of them soon after each other. */
static void run(guint32 seed, size_t n, bool whole)
{
    GRand *rand = g_rand_new_with_seed(seed);
    g_autofree Note *notes = g_new(Note, n);
    MpsBins bins = {0};
    Recount recount = {.sink = {.add = check_row}, .notes = notes, .n_notes = n, .whole = whole};
    const size_t most = MIN(512, MAX(8, n / 8));
    int64_t now_ns = INT64_C(1700000000) * 1000 * 1000 * 1000 + g_rand_int_range(rand, 0, 1 << 30);

    for (size_t i = 0; i < n; i++) {
        now_ns += g_rand_int_range(rand, 0, g_rand_int_range(rand, 0, 50) ? 1 << 16 : 1 << 28);
        notes[i] = (Note){now_ns, (uint64_t)g_rand_int_range(rand, 1, 1 << 20)};
        note(&bins, &notes[i], whole);
    }
    mps_bins_rows(&bins, 1, whole ? 0 : SUBFLOW, "c2s", &recount.sink);
    g_assert_cmpuint(recount.noted, ==, n);
    g_assert_cmpuint(recount.n_rows, <=, most);
    if (recount.width_ns > FIRST_WIDTH_NS) { /* narrower ones would be too many, or too far apart */
        const int64_t half_ns = recount.width_ns / 2;

        g_assert_true(n_bins(notes, n, half_ns) > most ||
                      notes[n - 1].ts_ns / half_ns - notes[0].ts_ns / half_ns >= 512);
    }
    mps_bins_clear(&bins);
    g_rand_free(rand);
}

static void test_recount(void)
{
    static const size_t sizes[] = {1, 7, 8, 9, 40, 300, MOST_NOTES};

    for (guint32 seed = 1; seed <= 20; seed++)
        for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
            run(seed, sizes[i], false);
            run(seed, sizes[i], true);
        }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bins/recount", test_recount);
    return g_test_run();
}
