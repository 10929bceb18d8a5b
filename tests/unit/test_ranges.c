/* test_ranges.c - range sets: a table of small cases, and random runs against a bitmap. */
#include <string.h>

#include <glib.h>

#include "util/ranges.h"

typedef struct {
    const char *name;
    const char *before; /* ranges, as "10-20 30-40" */
    uint64_t begin, end;
    uint64_t result; /* of the function */
    const char *after;
} Case;

static const Case add_cases[] = {
    {"into nothing", "", 5, 9, 0, "5-9"},
    {"empty range", "5-9", 7, 7, 0, "5-9"},
    {"apart, above", "5-9", 11, 12, 0, "5-9 11-12"},
    {"apart, below", "5-9", 1, 2, 0, "1-2 5-9"},
    {"touches its end", "5-9", 9, 12, 0, "5-12"},
    {"touches its begin", "5-9", 3, 5, 0, "3-9"},
    {"fills a hole exactly", "1-5 9-12", 5, 9, 0, "1-12"},
    {"inside", "5-9", 6, 8, 2, "5-9"},
    {"the same", "5-9", 5, 9, 4, "5-9"},
    {"overlaps its end", "5-9", 7, 12, 2, "5-12"},
    {"swallows several", "1-2 4-6 8-9 20-30", 0, 10, 4, "0-10 20-30"},
    {"from inside to inside", "1-5 10-15", 3, 12, 4, "1-15"},
    {"a hole in the middle", "1-5 10-15 20-25", 6, 8, 0, "1-5 6-8 10-15 20-25"},
    {"up to the last number", "", UINT64_MAX - 1, UINT64_MAX, 0,
     "18446744073709551614-18446744073709551615"},
};

/* begin to end: the part to look at; result: how much of it is covered; after: its gaps. */
static const Case gap_cases[] = {
    {"nothing there", "", 3, 9, 0, "3-9"},       {"all there", "1-20", 3, 9, 6, ""},
    {"exactly there", "3-9", 3, 9, 6, ""},       {"begin missing", "5-9", 3, 9, 4, "3-5"},
    {"end missing", "3-5", 3, 9, 2, "5-9"},      {"holes", "4-5 7-8", 3, 9, 2, "3-4 5-7 8-9"},
    {"beyond all", "1-3", 3, 9, 0, "3-9"},       {"below all", "9-12", 3, 9, 0, "3-9"},
    {"between two", "1-3 9-12", 3, 9, 0, "3-9"}, {"nothing asked", "4-5", 3, 3, 0, ""},
};

/* begin: the limit; end: how many to keep. */
static const Case fill_cases[] = {
    {"few enough", "1-2 4-6 8-9", 100, 3, 0, "1-2 4-6 8-9"},
    {"the lowest first", "1-2 4-6 8-9", 100, 2, 2, "1-6 8-9"},
    {"all", "1-2 4-6 8-9", 100, 1, 4, "1-9"},
    {"only below the limit", "1-2 4-6 8-9", 7, 1, 2, "1-6 8-9"},
    {"a hole up to the limit", "1-2 4-6 8-9", 8, 1, 4, "1-9"},
    {"nothing below the limit", "10-20 30-40", 15, 1, 0, "10-20 30-40"},
    {"of nothing", "", 15, 1, 0, ""},
};

/* begin: the limit. */
static const Case drop_cases[] = {
    {"nothing", "5-9", 5, 0, 0, "5-9"},
    {"a part", "5-9", 7, 0, 0, "7-9"},
    {"a range", "5-9 12-15", 9, 0, 0, "12-15"},
    {"up to a hole", "5-9 12-15", 11, 0, 0, "12-15"},
    {"everything", "5-9 12-15", 15, 0, 0, ""},
    {"of nothing", "", 15, 0, 0, ""},
    {"into the second", "1-5 9-20", 12, 0, 0, "12-20"},
};

static void fill(MpsRanges *ranges, const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, " ", -1);

    for (guint i = 0; parts[i] && *parts[i]; i++) {
        char *end;
        const uint64_t begin = g_ascii_strtoull(parts[i], &end, 10);

        mps_ranges_add(ranges, begin, g_ascii_strtoull(end + 1, NULL, 10));
    }
}

static void append(GString *text, uint64_t begin, uint64_t end)
{
    g_string_append_printf(text, "%s%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT, text->len ? " " : "",
                           begin, end);
}

static void assert_is(const MpsRanges *ranges, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (size_t i = 0; i < ranges->room.n_items; i++)
        append(text, ranges->items[i].begin, ranges->items[i].end);
    g_assert_cmpstr(text->str, ==, expected);
}

static void test_add(gconstpointer user)
{
    const Case *c = user;
    MpsRanges ranges = {0};

    fill(&ranges, c->before);
    g_assert_cmpuint(mps_ranges_add(&ranges, c->begin, c->end), ==, c->result);
    assert_is(&ranges, c->after);
    mps_ranges_clear(&ranges);
    g_assert_cmpuint(ranges.room.n_items, ==, 0);
}

static void test_gap(gconstpointer user)
{
    const Case *c = user;
    MpsRanges ranges = {0};
    g_autoptr(GString) gaps = g_string_new(NULL);
    uint64_t at = c->begin, gap_end;

    fill(&ranges, c->before);
    g_assert_cmpuint(mps_ranges_covered(&ranges, c->begin, c->end), ==, c->result);
    while (mps_ranges_next_gap(&ranges, &at, c->end, &gap_end)) {
        append(gaps, at, gap_end);
        at = gap_end;
    }
    g_assert_cmpstr(gaps->str, ==, c->after);
    mps_ranges_clear(&ranges);
}

static void test_fill_holes(gconstpointer user)
{
    const Case *c = user;
    MpsRanges ranges = {0};

    fill(&ranges, c->before);
    g_assert_cmpuint(mps_ranges_fill_holes(&ranges, c->begin, c->end), ==, c->result);
    assert_is(&ranges, c->after);
    mps_ranges_clear(&ranges);
}

static void test_drop_below(gconstpointer user)
{
    const Case *c = user;
    MpsRanges ranges = {0};

    fill(&ranges, c->before);

    const uint64_t below = mps_ranges_covered(&ranges, 0, c->begin);

    g_assert_cmpuint(mps_ranges_drop_below(&ranges, c->begin), ==, below);
    assert_is(&ranges, c->after);
    mps_ranges_clear(&ranges);
}

/* ---- against a bitmap ---- */

enum { BITS = 400, STEPS = 200, RUNS = 300 };

static uint64_t count(const bool *bits, uint64_t begin, uint64_t end)
{
    uint64_t n = 0;

    for (uint64_t i = begin; i < end; i++)
        n += bits[i];
    return n;
}

/* Disjoint, sorted, not touching, and the bitmap's very bits. */
static bool same(const MpsRanges *ranges, const bool *bits)
{
    uint64_t total = 0;

    for (size_t i = 0; i < ranges->room.n_items; i++) {
        const MpsRange *range = &ranges->items[i];

        if (range->begin >= range->end || (i > 0 && ranges->items[i - 1].end >= range->begin) ||
            count(bits, range->begin, range->end) != range->end - range->begin)
            return false;
        total += range->end - range->begin;
    }
    return total == count(bits, 0, BITS);
}

static bool gap_is_right(const MpsRanges *ranges, const bool *bits, uint64_t begin, uint64_t end)
{
    uint64_t at = begin, gap_end = 0, first = begin, last;

    while (first < end && bits[first])
        first++;
    for (last = first; last < end && !bits[last];)
        last++;
    if (!mps_ranges_next_gap(ranges, &at, end, &gap_end))
        return first == end;
    return at == first && gap_end == last && first < end;
}

static uint64_t fill_bits(bool *bits, uint64_t limit, size_t keep)
{
    uint64_t filled = 0;

    for (;;) {
        uint64_t n = 0, hole = 0, next = 0;

        for (uint64_t i = 0; i < BITS; i++)
            n += bits[i] && (i == 0 || !bits[i - 1]);
        while (hole < BITS && !bits[hole])
            hole++;
        while (hole < BITS && bits[hole])
            hole++;
        for (next = hole; next < BITS && !bits[next];)
            next++;
        if (n <= keep || next > limit || next == BITS)
            return filled;
        filled += next - hole;
        memset(bits + hole, true, next - hole);
    }
}

static bool random_run(guint32 seed)
{
    GRand *rand = g_rand_new_with_seed(seed);
    MpsRanges ranges = {0};
    bool bits[BITS] = {false};
    bool right = true;

    for (int step = 0; step < STEPS && right; step++) {
        const uint64_t a = (uint64_t)g_rand_int_range(rand, 0, BITS);
        const uint64_t length = (uint64_t)g_rand_int_range(rand, 0, 20), b = MIN(BITS, a + length);
        const int what = g_rand_int_range(rand, 0, 40);

        if (what == 0) {
            const size_t keep = (size_t)g_rand_int_range(rand, 1, 10);

            right &= mps_ranges_fill_holes(&ranges, a, keep) == fill_bits(bits, a, keep);
        } else if (what == 1) {
            right &= mps_ranges_drop_below(&ranges, a / 4) == count(bits, 0, a / 4);
            memset(bits, false, a / 4);
        } else {
            right &= mps_ranges_covered(&ranges, a, b) == count(bits, a, b);
            right &= gap_is_right(&ranges, bits, a, b);
            right &= mps_ranges_add(&ranges, a, b) == count(bits, a, b);
            memset(bits + a, true, b - a);
        }
        right &= same(&ranges, bits);
    }
    mps_ranges_clear(&ranges);
    g_rand_free(rand);
    return right;
}

static void test_random(void)
{
    for (guint32 seed = 1; seed <= RUNS; seed++)
        if (!random_run(seed))
            g_test_fail_printf("seed %u", seed);
}

static void add_table(const char *what, const Case *cases, size_t n, GTestDataFunc test)
{
    for (size_t i = 0; i < n; i++) {
        g_autofree char *path = g_strdup_printf("/ranges/%s/%s", what, cases[i].name);

        g_test_add_data_func(path, &cases[i], test);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    add_table("add", add_cases, G_N_ELEMENTS(add_cases), test_add);
    add_table("gap", gap_cases, G_N_ELEMENTS(gap_cases), test_gap);
    add_table("fill_holes", fill_cases, G_N_ELEMENTS(fill_cases), test_fill_holes);
    add_table("drop_below", drop_cases, G_N_ELEMENTS(drop_cases), test_drop_below);
    g_test_add_func("/ranges/random", test_random);
    return g_test_run();
}
