/* fuzz_ranges.c - a range set against a bitmap: | where its numbers begin: 1 | then steps of four
 * bytes: what to do, begin, length, how much |.  Promises: every answer is that of the bitmap, and
 * ranges stay disjoint, sorted and joined. */
#include <string.h>

#include <glib.h>

#include "util/ranges.h"

enum { N_NUMBERS = 600, STEP_BYTES = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

typedef struct {
    MpsRanges ranges;
    bool holds[N_NUMBERS];
    uint64_t base;
} Twins;

static void assert_same(const Twins *self)
{
    const MpsRange *items = self->ranges.items;
    const size_t n = self->ranges.room.n_items;
    size_t at = 0;

    for (size_t i = 0; i < n; i++) {
        g_assert_cmpuint(items[i].begin, <, items[i].end);
        if (i > 0)
            g_assert_cmpuint(items[i - 1].end, <, items[i].begin);
    }
    for (unsigned i = 0; i < N_NUMBERS; i++) {
        while (at < n && items[at].end <= self->base + i)
            at++;
        g_assert_true(self->holds[i] == (at < n && items[at].begin <= self->base + i));
    }
}

static unsigned count(const Twins *self, unsigned begin, unsigned end)
{
    unsigned n = 0;

    for (unsigned i = begin; i < end; i++)
        n += self->holds[i];
    return n;
}

static void assert_gap(const Twins *self, unsigned begin, unsigned end)
{
    uint64_t from = self->base + begin, until = 0;
    const bool found = mps_ranges_next_gap(&self->ranges, &from, self->base + end, &until);
    unsigned first = begin, beyond;

    while (first < end && self->holds[first])
        first++;
    g_assert_true(found == (first < end));
    if (!found)
        return;
    for (beyond = first; beyond < end && !self->holds[beyond]; beyond++)
        ;
    g_assert_cmpuint(from, ==, self->base + first);
    g_assert_cmpuint(until, ==, self->base + beyond);
}

/* The lowest holes that end at or below @limit, until @keep ranges are left. */
static uint64_t fill(Twins *self, unsigned limit, size_t keep)
{
    uint64_t filled = 0;
    size_t n = self->ranges.room.n_items;
    unsigned i = 0;

    while (n > keep) {
        unsigned end;

        while (i < N_NUMBERS && !self->holds[i])
            i++;
        while (i < N_NUMBERS && self->holds[i])
            i++;
        for (end = i; end < N_NUMBERS && !self->holds[end]; end++)
            ;
        if (end >= N_NUMBERS || end > limit)
            break;
        for (; i < end; i++, filled++)
            self->holds[i] = true;
        n--;
    }
    return filled;
}

static void step(Twins *self, const uint8_t *data)
{
    const unsigned begin = data[1] * 2u + (data[0] >> 7), end = begin + data[2] % 80u;
    const uint64_t from = self->base + begin, until = self->base + end;

    switch (data[0] % 5) {
    case 0:
    case 1:
        g_assert_cmpuint(mps_ranges_add(&self->ranges, from, until), ==, count(self, begin, end));
        memset(self->holds + begin, true, end - begin);
        break;
    case 2:
        g_assert_cmpuint(mps_ranges_covered(&self->ranges, from, until), ==,
                         count(self, begin, end));
        assert_gap(self, begin, end);
        break;
    case 3: {
        const uint64_t filled = fill(self, begin, data[3] % 8u + 1);

        g_assert_cmpuint(mps_ranges_fill_holes(&self->ranges, from, data[3] % 8u + 1), ==, filled);
        break;
    }
    default:
        g_assert_cmpuint(mps_ranges_drop_below(&self->ranges, from), ==, count(self, 0, begin));
        memset(self->holds, false, begin);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    static const uint64_t bases[] = {0, (UINT64_C(1) << 32) - 300, (UINT64_C(1) << 63) - 300,
                                     UINT64_MAX - N_NUMBERS};

    if (n_bytes == 0)
        return 0;

    Twins twins = {.base = bases[data[0] % G_N_ELEMENTS(bases)]};

    for (size_t at = 1; at + STEP_BYTES <= n_bytes; at += STEP_BYTES) {
        step(&twins, data + at);
        assert_same(&twins);
    }
    mps_ranges_clear(&twins.ranges);
    return 0;
}
